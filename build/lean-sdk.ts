import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import type { OnLoadResult, Plugin, PluginBuild } from 'esbuild';

/**
 * Where else the SDK would look for credentials: the files, browsers and metadata services of other machines. Lambda puts
 * a function's into its environment, where the SDK's own chain finds them first; it keeps doing so, and refreshes them.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
const otherCredentials: Record<string, string[]> = {
  '@aws-sdk/credential-provider-http': ['fromHttp'],
  '@aws-sdk/credential-provider-ini': ['fromIni'],
  '@aws-sdk/credential-provider-process': ['fromProcess'],
  '@aws-sdk/credential-provider-sso': ['fromSSO'],
  '@aws-sdk/credential-provider-web-identity': ['fromTokenFile'],
  '@smithy/credential-provider-imds': ['fromContainerMetadata', 'fromInstanceMetadata'],
};

/** Imported only for operations that stream events, of which functions call none. */
const eventStreams = '@smithy/core/event-streams';

/** Leaves out of a bundle what the SDK has for others than Lambda functions: a quarter of its code. */
export const leanSdk: Plugin = {
  name: 'lean-sdk',
  setup(build) {
    replace(build, Object.keys(otherCredentials), (name) => providersOfNothing(otherCredentials[name] ?? []));
    replace(
      build,
      [eventStreams],
      () => 'export class EventStreamSerde { constructor() { throw new Error("No event streams here.") } }',
    );
    replace(build, ['bowser'], () => 'throw new Error("No browser here.");');
    replace(build, ['node:fs/promises'], () => lazyReadFile);
    // Of its own package.json the SDK reads the version.
    build.onLoad({ filter: /node_modules\/@(aws-sdk|smithy)\/[^/]+\/package\.json$/ }, ({ path }): OnLoadResult => {
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** For configuration files, which functions have none of: Node's promises of files take as long to load as an SDK client. */
const lazyReadFile = `
  export const readFile = (...given) => process.getBuiltinModule('node:fs/promises').readFile(...given);`;

/**
 * As a provider that found nothing, which lets the SDK's chain go on to its own error. It imports nothing: what a lazily
 * imported module imports is kept whole and evaluated apart, which would be most of the SDK.
 */
function providersOfNothing(names: string[]): string {
  return `
    const nowhere = () => async () => {
      const why = new Error('Credentials of a function are in its environment.');
      throw Object.assign(why, { name: 'CredentialsProviderError', tryNextLink: true });
    };
    export { ${names.map((name) => `nowhere as ${name}`).join(', ')} };`;
}

function replace(build: PluginBuild, packages: string[], contentsOf: (name: string) => string): void {
  const namespace = `instead of ${packages.join()}`;
  build.onResolve({ filter: /^(@|node:|bowser$)/ }, ({ path, resolveDir }) =>
    packages.includes(path) ? { path, namespace, pluginData: resolveDir, sideEffects: false } : undefined,
  );
  build.onLoad({ filter: /^/, namespace }, ({ path, pluginData }): OnLoadResult => ({
    contents: contentsOf(path),
    resolveDir: pluginData as string,
  }));
}

/**
 * Takes Node's own modules as CommonJS does. An ES module's `import` of one asks for all that it exports: of `node:http`
 * that is `WebSocket`, too, and with it the whole of `fetch`, a third of the time it takes to load a function.
 */
export const builtinsAsTheyAre: Plugin = {
  name: 'builtins-as-they-are',
  setup(build) {
    const namespace = 'builtin';
    build.onResolve({ filter: /^[a-z]/ }, ({ path }) => (isBuiltin(path) ? { path, namespace } : undefined));
    build.onLoad({ filter: /^/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};

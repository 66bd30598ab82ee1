import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundling } from '../../build/functions.ts';

/** Modules of functions/platform that write to the log. */
const writers = ['logger.ts', 'metrics.ts'];

const silentPlatform: Plugin = {
  name: 'silent-platform',
  setup(build) {
    build.onResolve({ filter: /\/platform\/|^\.\// }, ({ path, importer }) => {
      const isPlatform = path.includes('/platform/') || importer.includes('/functions/platform/');
      if (!isPlatform || !writers.includes(basename(path))) return undefined;
      return { path: join(import.meta.dirname, 'silent', basename(path)) };
    });
  },
};

/** Bundles a function as it is shipped, but for its logger and its metrics, which do nothing. */
export async function bundleSilently(root: string, name: string, outfile: string): Promise<void> {
  const { plugins } = bundling;
  await build({
    ...bundling,
    plugins: [silentPlatform, ...plugins],
    absWorkingDir: root,
    entryPoints: [join(root, 'functions', name, 'handler.ts')],
    outfile,
  });
}

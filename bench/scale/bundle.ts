import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type * as functions from './simulated/functions.ts';
import type { World } from './simulated/world.ts';

/** What stands in for what, below the domain: the domain is the one that is deployed. */
const standIns: Record<string, string> = {
  'connections.ts': 'connections.ts',
  'queues.ts': 'queues.ts',
  'sockets.ts': 'sockets.ts',
  'logger.ts': 'rest.ts',
  'metrics.ts': 'rest.ts',
  'delete-rows.ts': 'rest.ts',
  'close-socket.ts': 'rest.ts',
};

const folder = join(import.meta.dirname, 'simulated');

const simulatedPlatform: Plugin = {
  name: 'simulated-platform',
  setup(build) {
    build.onResolve({ filter: /^node:timers\/promises$/ }, () => ({ path: join(folder, 'timers.ts') }));
    build.onResolve({ filter: /\/platform\/|^\.\// }, ({ path, importer, kind }) => {
      const isPlatform = path.includes('/platform/') || importer.includes('/functions/platform/');
      const standIn = isPlatform && kind !== 'entry-point' ? standIns[basename(path)] : undefined;
      return standIn === undefined ? undefined : { path: join(folder, standIn) };
    });
  },
};

/** The functions of one environment, each with its own state, as a cold start makes it. */
export type Functions = typeof functions;

/** Bundles delivery with a simulated world below it, and gives a maker of environments. */
export async function simulatedFunctions(): Promise<(world: World) => Functions> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'functions.ts')],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    plugins: [simulatedPlatform],
    define: { 'performance.now': 'world.clock.now', 'process.env': 'world.env' },
    logLevel: 'warning',
  });
  const code = outputFiles[0]?.text ?? '';
  return (world) => {
    const module = { exports: {} };
    const require = (name: string): unknown => process.getBuiltinModule(name);
    new Function('world', 'module', 'require', code)(world, module, require);
    return module.exports as Functions;
  };
}

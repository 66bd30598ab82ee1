import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { builtinsAsTheyAre, leanSdk } from './lean-sdk.ts';

/** A bundle as it was written: the function's name, its minified size, and the inputs that weigh most in it. */
export interface Bundle {
  name: string;
  bytes: number;
  heaviest: string[];
}

/** Names of the functions: the folders under `functions/` that hold a `handler.ts`. */
export function functionNames(root: string): string[] {
  const folder = join(root, 'functions');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'handler.ts')))
    .map((entry) => entry.name)
    .sort();
}

/**
 * Bundles every function into `outdir/NAME/index.mjs`, each with all it needs and nothing else: the Lambda runtime's
 * own SDK is left alone, since its version moves without us and a tree-shaken copy starts faster.
 */
export async function buildFunctions(root: string, outdir: string): Promise<Bundle[]> {
  return Promise.all(functionNames(root).map((name) => buildFunction(root, outdir, name)));
}

/** How a module becomes a bundle that loads fast: minified, without what it never uses. */
export const bundling = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // `platform: node` alone would prefer the CommonJS entry points, which do not tree-shake.
  mainFields: ['module', 'main'],
  plugins: [leanSdk, builtinsAsTheyAre],
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions;

async function buildFunction(root: string, outdir: string, name: string): Promise<Bundle> {
  const { metafile } = await build({
    ...bundling,
    absWorkingDir: root,
    entryPoints: [join('functions', name, 'handler.ts')],
    outfile: join(outdir, name, 'index.mjs'),
    metafile: true,
  });
  return { name, ...weigh(metafile) };
}

function weigh(metafile: Metafile): Pick<Bundle, 'bytes' | 'heaviest'> {
  const [output] = Object.values(metafile.outputs);
  if (!output) throw new Error('esbuild wrote no output');
  const bytesOf = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const owner = packageOf(path);
    bytesOf.set(owner, (bytesOf.get(owner) ?? 0) + bytesInOutput);
  }
  const heaviest = [...bytesOf].sort(([, a], [, b]) => b - a).slice(0, 3);
  return { bytes: output.bytes, heaviest: heaviest.map(([owner, bytes]) => `${owner} ${kilobytes(bytes)}`) };
}

function packageOf(path: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'functions';
}

/** A size as people read it, in thousands of bytes. */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} KB`;
}

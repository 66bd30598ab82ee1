import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The demo page's files that go out as they are. */
const files = ['index.html', 'style.css', 'icon.svg'];

/**
 * Builds the embedded cloud's demo page into `outdir`: its files, and its script with the client library in one module.
 * @returns the script's minified size in bytes
 */
export async function buildDemo(root: string, outdir: string): Promise<number> {
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  for (const file of files) copyFileSync(join(root, 'local/demo', file), join(outdir, file));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['local/demo/page.ts'],
    outdir,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  });
  return Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint)?.bytes ?? 0;
}

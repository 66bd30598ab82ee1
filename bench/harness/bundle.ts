import { join } from 'node:path';
import { build } from 'esbuild';
import { bundling } from '../../build/functions.ts';

/** Bundles a module as functions are bundled, so that what is measured is what would be deployed. */
export async function bundleAsShipped(root: string, module: string, outfile: string): Promise<void> {
  await build({ ...bundling, absWorkingDir: root, entryPoints: [join(root, module)], outfile });
}

/**
 * Bundles a module as bundlers do by default: CommonJS with its packages' CommonJS, not minified, and all of the AWS SDK as
 * it comes.
 */
export async function bundleCarelessly(root: string, module: string, outfile: string): Promise<void> {
  await build({
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'warning',
    absWorkingDir: root,
    entryPoints: [join(root, module)],
    outfile,
  });
}

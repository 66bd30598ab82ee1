import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../setup/cloud.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Starts the embedded cloud as `npm start` does, on the template of developers: it waits minutes for the next part of a
 * group, and not the seconds of the tests' template, which a browser and a neighbouring test may take from a file.
 */
export async function startPatientCloud(): Promise<Cloud> {
  if (process.env['OUTPUTS']) return startCloud();
  const assembly = mkdtempSync(join(tmpdir(), 'notification-assembly-'));
  execFileSync(process.execPath, [join(root, 'infra/app.ts')], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', STACK_ENVIRONMENT: 'dev', CDK_OUTDIR: assembly },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const cloud = await startCloud({ arguments: ['--assembly', assembly] });
  return {
    ...cloud,
    async stop(options) {
      await cloud.stop(options);
      rmSync(assembly, { recursive: true, force: true });
    },
  };
}

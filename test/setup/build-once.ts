import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Jest global setup: builds the bundles and synthesizes the template that the tests run, once for all of them. */
export default function buildOnce(): void {
  // CDK's own validation takes seconds at each synthesis; the test that is about it turns it on.
  process.env['CDK_VALIDATION'] ??= 'false';
  if (process.env['OUTPUTS']) return;
  const root = join(import.meta.dirname, '../..');
  const run = (file: string, env: Record<string, string> = {}): void => {
    execFileSync(process.execPath, [join(root, file)], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  run('build/main.ts');
  run('infra/app.ts', { STACK_ENVIRONMENT: 'test', CDK_OUTDIR: join(root, 'dist/cdk.test') });
}

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { bundling } from '../../build/functions.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'dist/functions');
const kilobyte = 1000;

/** Cold starts grow with what is loaded; the authorizer stands before every connection. */
const most = (name: string): number => (name === 'websocket-authorizer' ? 60 : 500) * kilobyte;

async function node(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { AWS_REGION: 'us-east-1', ...env } });
  return stdout;
}

describe.each(readdirSync(folder))('the bundle of %s', (name) => {
  const bundle = join(folder, name, 'index.mjs');

  test('is small enough to start fast', () => {
    expect(statSync(bundle).size).toBeLessThan(most(name));
  });

  test('exports a handler, and loads no part of fetch until it fetches', async () => {
    const script = `
      const { handler } = await import(${JSON.stringify(bundle)});
      console.log(typeof handler, process.moduleLoadList.some((name) => name.includes('undici')));`;
    expect((await node(['--input-type=module', '--eval', script])).trim()).toBe('function false');
  });
});

describe('credentials of a bundled SDK client', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'bundles-'));
  const lean = join(scratch, 'lean.mjs');
  const whole = join(scratch, 'whole.cjs');

  /** Asks a client for its credentials after each change of the environment. */
  const asking = `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    import { setImmediate } from 'node:timers/promises';
    async function main() {
      const { credentials } = new DynamoDBClient({}).config;
      const answers = [];
      for (const variables of JSON.parse(process.argv[2])) {
        Object.assign(process.env, variables);
        answers.push(await credentials().catch(({ name, message }) => ({ name, message })));
        for (let turns = 0; turns < 10; turns += 1) await setImmediate();
      }
      console.log(JSON.stringify(answers));
    }
    void main();`;

  beforeAll(async () => {
    const stdin: BuildOptions = { stdin: { contents: asking, resolveDir: root } };
    await build({ ...bundling, ...stdin, outfile: lean });
    await build({ ...stdin, bundle: true, platform: 'node', format: 'cjs', outfile: whole });
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const role = (name: string, expiration?: number) => ({
    AWS_ACCESS_KEY_ID: `ASIA${name}`,
    AWS_SECRET_ACCESS_KEY: `secret of ${name}`,
    AWS_SESSION_TOKEN: `token of ${name}`,
    ...(expiration !== undefined && { AWS_CREDENTIAL_EXPIRATION: new Date(expiration).toISOString() }),
  });
  const minutes = 60_000;

  test.each([
    ["Lambda's environment variables, and they stay", [role('ONE'), role('TWO')], ['ASIAONE', 'ASIAONE']],
    [
      'renewed once they have ended',
      [role('ONE', Date.now() - minutes), role('TWO', Date.now() + 60 * minutes), role('THREE')],
      ['ASIAONE', 'ASIATWO', 'ASIATWO'],
    ],
    [
      'renewed behind the scenes when they are about to end',
      [role('ONE', Date.now() + minutes), role('TWO', Date.now() + 60 * minutes), {}, {}],
      ['ASIAONE', 'ASIAONE', 'ASIATWO', 'ASIATWO'],
    ],
    ['none: an error, and another look next time', [{}, role('ONE')], [undefined, 'ASIAONE']],
  ])('%s: with everything else left out as with the whole SDK', async (_what, steps, expected) => {
    const ask = async (bundle: string): Promise<{ accessKeyId?: string }[]> => {
      // Without credentials the whole SDK would ask the metadata service of an EC2 instance.
      const env = { AWS_EC2_METADATA_DISABLED: 'true', HOME: scratch };
      return JSON.parse(await node([bundle, JSON.stringify(steps)], env)) as { accessKeyId?: string }[];
    };
    const answers = await ask(lean);
    expect(answers).toEqual(await ask(whole));
    expect(answers.map(({ accessKeyId }) => accessKeyId)).toEqual(expected);
  });
});

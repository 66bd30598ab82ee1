import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireCleanLogs } from '../setup/clean-logs.ts';
import type { Outputs } from '../setup/outputs.ts';

const outputs: Outputs = {
  webSocketUrl: 'ws://127.0.0.1/',
  httpUrl: 'http://127.0.0.1/',
  graphqlUrl: 'http://127.0.0.1/graphql',
  region: 'us-east-1',
  cognito: { userPoolId: 'pool', clientId: 'client' },
  machine: { tokenUrl: 'http://127.0.0.1/token', clientId: 'backend', clientSecret: 'machine-secret' },
  users: [{ username: 'ada', password: 'Passw0rd-of-ada', userId: 'ada-id', groups: [] }],
};
const said = 'a "quoted" thing that bob said';

describe('the look into the logs at the end of every run', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clean-logs-'));
    log('functions.log', '{"message":"Committed","messageIds":["01JD2M4N5P6Q7R8S9T0V1W2X3Y"]}');
    log('logs/aws/lambda/connection.jsonl', '{"message":"Connected"}');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function log(file: string, line: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${line}\n`, { flag: 'a' });
  }

  test('finds nothing in lines that tell ids only', () => {
    expect(() => requireCleanLogs(folder, outputs, [said])).not.toThrow();
  });

  test.each([
    ['a token', 'authorization: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEtaWQifQ.signature'],
    ['a password', 'tried Passw0rd-of-ada'],
    ['the secret of a backend', '{"secret":"machine-secret"}'],
    ['what somebody said', JSON.stringify({ content: said })],
  ])('finds %s in any log', (_what, line) => {
    log('logs/aws/vendedlogs/states/redrive.jsonl', line);
    expect(() => requireCleanLogs(folder, outputs, [said])).toThrow(/redrive\.jsonl tells what no log may/);
  });
});

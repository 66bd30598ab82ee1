import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';

const root = join(import.meta.dirname, '../..');

function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Processes that have the data folder among their arguments: the cloud itself and the engine it started. */
function processesOn(dataFolder: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(dataFolder));
}

async function nextSequence(cloud: Cloud): Promise<unknown> {
  const bob = await TestSocket.openAs(cloud.outputs, 'bob', 'chat-123');
  const reply = await bob.request({
    action: 'sendMessage',
    targetChannel: 'WebSocket',
    messageType: 'fifo',
    generateSequence: true,
    payload: { chatId: 'chat-123', eventType: 'chat', content: { at: Date.now() } },
  });
  const frame = await bob.next(({ messageId, type }) => type === undefined && messageId === reply['messageId']);
  await bob.close();
  return frame['sequence'];
}

describe('the embedded cloud starts and ends cleanly', () => {
  let dataFolder: string;

  beforeEach(() => {
    dataFolder = mkdtempSync(join(tmpdir(), 'notification-start-'));
  });
  afterEach(() => {
    rmSync(dataFolder, { recursive: true, force: true });
  });

  test('Ctrl-C leaves no process and no port; a second start keeps the data, and --fresh empties it', async () => {
    const first = await startCloud({ dataFolder });
    expect(processesOn(dataFolder).length).toBeGreaterThan(1);
    expect(await nextSequence(first)).toBe(1);
    const watching = await TestSocket.openAs(first.outputs, 'bob', 'chat-123');
    await first.stop({ keepData: true });
    expect(await watching.closed()).toMatchObject({ code: 1006 });
    expect(processesOn(dataFolder)).toEqual([]);
    expect(await accepts(first.outputs.httpUrl)).toBe(false);
    expect(await accepts(first.outputs.edge?.url ?? '')).toBe(false);

    const second = await startCloud({ dataFolder });
    expect(second.outputs.users).toEqual(first.outputs.users);
    expect(await nextSequence(second)).toBe(2);
    await second.stop({ keepData: true });

    const third = await startCloud({ dataFolder, arguments: ['--fresh'] });
    expect(await nextSequence(third)).toBe(1);
    await third.stop();
  });

  test('killed outright it leaves no process behind, and the next start goes on where it was', async () => {
    const first = await startCloud({ dataFolder });
    expect(await nextSequence(first)).toBe(1);
    // A message still in flight would hold its group back until its visibility ends.
    const edge = new EdgeControl(first.outputs);
    await until('the queue to forget the message', async () =>
      (await edge.calls()).some(({ action }) => action === 'DeleteMessageBatch'),
    );
    await first.kill();
    await until('the engine to end', () => processesOn(dataFolder).length === 0);

    const second = await startCloud({ dataFolder });
    expect(await nextSequence(second)).toBe(2);
    await second.stop();
  });

  test('a busy port gets one clear line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const { status, stdout, stderr } = start('--port', String(port));
    server.close();
    expect(status).toBe(1);
    expect(stdout + stderr).toBe(
      `Port ${port} is in use. Stop what uses it, or choose another one: npm start -- --port ${port + 1}\n`,
    );
  });

  test.each([
    ['--port', 'many', '--port expects a number from 0 to 65535, and got "many"'],
    ['--duplicates', '2', '--duplicates expects a number from 0 to 1, and got "2"'],
    ['--clock-offset', 'soon', '--clock-offset expects a number from 0 to 31536000, and got "soon"'],
    ['--unheard', 'of', "Unknown option '--unheard'"],
  ])('%s %s is refused with what was expected', (name, value, message) => {
    const { status, stderr } = start(name, value);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });

  function start(...args: string[]): SpawnSyncReturns<string> {
    return run('local/commands/start.ts', '--data', dataFolder, ...args);
  }
});

describe('beside a running cloud', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await startCloud();
  });
  afterAll(() => cloud.stop());

  test('a second one on its data folder is refused', () => {
    const { status, stderr } = run('local/commands/start.ts', '--data', cloud.dataFolder, '--port', '0');
    expect(status).toBe(1);
    expect(stderr).toContain(`${cloud.dataFolder} is in use by process`);
  });

  test('npm run send shows what a sender is answered and what listeners receive', () => {
    const { status, stdout, stderr } = send('Hello', '--from', 'bob', '--to', 'carol,bob');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('bob was answered');
    expect(stdout).toContain('carol received');
    expect(stdout).toContain('bob received');
  });

  test('npm run send shows a viewer the refusal, and ends at once', () => {
    const { status, stdout, stderr } = send('Hello', '--from', 'vera', '--to', 'carol');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toContain('do not have permission to send');
    expect(stdout).not.toContain('received');
  });

  test('npm run send names a listener whom the chat does not let in, and ends at once', () => {
    const { status, stderr } = send('Hello', '--from', 'bob', '--to', 'carol,mallory');
    expect(status).toBe(1);
    expect(stderr).toBe('mallory cannot connect to chat-123: Unexpected server response: 403\n');
  });

  test('npm run send names the people there are', () => {
    const { status, stderr } = send('Hello', '--from', 'bob', '--to', 'trudy');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^No user trudy; there are ada, olga, .*\n$/);
  });

  test('npm run send says that no cloud answers, only where none does', () => {
    const elsewhere = join(cloud.dataFolder, 'elsewhere.json');
    const closed = { ...cloud.outputs.cognito, endpoint: 'http://127.0.0.1:9/cognito' };
    writeFileSync(elsewhere, JSON.stringify({ ...cloud.outputs, cognito: closed }));
    expect(run('local/commands/send.ts', '--outputs', elsewhere).stderr).toBe(
      'The embedded cloud does not answer. Start it with npm start.\n',
    );
    expect(run('local/commands/send.ts', '--outputs', join(cloud.dataFolder, 'nowhere.json')).stderr).toContain(
      'nowhere.json does not exist. Start the embedded cloud with npm start',
    );
  });

  function send(...args: string[]): SpawnSyncReturns<string> {
    return run('local/commands/send.ts', '--outputs', join(cloud.dataFolder, 'outputs.json'), ...args);
  }
});

function run(command: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(root, command), ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    encoding: 'utf8',
    // Started against expectation, a cloud would run until somebody stops it.
    timeout: 20_000,
  });
}

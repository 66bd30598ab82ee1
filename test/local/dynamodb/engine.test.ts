import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { startEngine } from '../../../local/dynamodb/engine.ts';
import { provisionTable } from '../../../local/dynamodb/tables.ts';
import { until } from '../../setup/until.ts';
import { permissions, row, startScratch } from './scratch.ts';

const enginePath = join(import.meta.dirname, '../../../local/dynamodb/engine.ts');

const accepts = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });

describe('the DynamoDB engine', () => {
  const folders: string[] = [];
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'engine-'));
    folders.push(made);
    return made;
  };
  const chosen = process.env['DYNAMODB_LOCAL'];
  afterEach(() => {
    delete process.env['DYNAMODB_ENDPOINT'];
    delete process.env['DYNAMODB_LOCAL'];
    if (chosen !== undefined) process.env['DYNAMODB_LOCAL'] = chosen;
    for (const made of folders.splice(0)) {
      rmSync(made, { recursive: true, force: true });
    }
  });

  it('keeps its rows over a restart', async () => {
    const scratch = await startScratch();
    try {
      await provisionTable(scratch.engine, 'Permissions', permissions);
      await scratch.client.send(new PutItemCommand({ TableName: 'Permissions', Item: row('ada', 'chat-1') }));
      await scratch.restart();
      const Key = row('ada', 'chat-1');
      const { Item } = await scratch.client.send(new GetItemCommand({ TableName: 'Permissions', Key }));
      expect(Item).toEqual(Key);
    } finally {
      await scratch.stop();
    }
  });

  it('is gone when stop() has resolved', async () => {
    const { url, stop } = await startEngine({ dataFolder: folder() });
    expect(await accepts(url)).toBe(true);
    await stop();
    expect(await accepts(url)).toBe(false);
  });

  it('ends with its parent, even one killed with -9', async () => {
    const script = `
      const { startEngine } = await import(${JSON.stringify(enginePath)});
      const { url } = await startEngine({ dataFolder: ${JSON.stringify(folder())} });
      process.stdout.write(url);
      setInterval(() => undefined, 1_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let url = '';
    parent.stdout.on('data', (chunk: Buffer) => {
      url += chunk.toString();
    });
    await until('the engine to run', async () => (url && (await accepts(url)) ? true : undefined));
    parent.kill('SIGKILL');
    await until('the engine to end', async () => ((await accepts(url)) ? undefined : true));
  });

  it('uses the one that DYNAMODB_ENDPOINT names', async () => {
    process.env['DYNAMODB_ENDPOINT'] = 'http://127.0.0.1:4999/';
    const { url, stop } = await startEngine({ dataFolder: folder() });
    expect(url).toBe('http://127.0.0.1:4999');
    await stop();
  });

  it("is never another than Amazon's when DYNAMODB_LOCAL says where that is, be it missing", async () => {
    process.env['DYNAMODB_LOCAL'] = folder();
    await expect(startEngine({ dataFolder: folder() })).rejects.toThrow(/there is no DynamoDBLocal\.jar/);
  });

  it('listens on the loopback address alone', async () => {
    const { url, stop } = await startEngine({ dataFolder: folder() });
    const { headers } = await fetch(url);
    if (!headers.get('server')?.startsWith('Dynoxide')) {
      // DynamoDB Local listens on all of them.
      await stop();
      return;
    }
    // Were it bound to every address, its port could not be bound on another one.
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.on('error', reject);
      other.listen(Number(new URL(url).port), '127.0.0.2', resolve);
    });
    await new Promise((resolve) => other.close(resolve));
    await stop();
  });
});

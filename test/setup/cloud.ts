import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { contentsInHistory, requireCleanLogs } from './clean-logs.ts';
import type { Outputs } from './outputs.ts';

/** A running stack: the embedded cloud in a process of its own, or the deployed stack that `OUTPUTS` describes. */
export type Cloud = {
  outputs: Outputs;
  /** Everything the process printed. */
  printed: string[];
  /** Ends it as Ctrl-C would, looks whether its logs tell what no log may, and removes its data unless told to keep it. */
  stop(options?: { keepData?: boolean }): Promise<void>;
  /** Ends it as a power cut would; its data stays. */
  kill(): Promise<void>;
  dataFolder: string;
};

const root = join(import.meta.dirname, '../..');

/**
 * Starts the embedded cloud on the template synthesized for tests, or points at a deployed stack when `OUTPUTS` is set.
 * @param options.dataFolder continue with this data instead of none
 * @param options.arguments more arguments for `local/commands/start.ts`
 */
export async function startCloud(options: { dataFolder?: string; arguments?: string[] } = {}): Promise<Cloud> {
  const deployed = deployedOutputs();
  if (deployed) {
    const nothing = (): Promise<void> => Promise.resolve();
    return { outputs: deployed, printed: [], stop: nothing, kill: nothing, dataFolder: '' };
  }
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'notification-test-'));
  const child = spawn(
    process.execPath,
    [
      join(root, 'local/commands/start.ts'),
      ...[
        '--assembly',
        join(root, 'dist/cdk.test'),
        '--data',
        dataFolder,
        '--port',
        '0',
        '--no-demo',
        '--minute',
        '2',
        '--end-with-parent',
      ],
      ...(options.arguments ?? []),
    ],
    { cwd: root, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => printed.push(line));
  }
  await ready(child, printed);
  const outputs = JSON.parse(readFileSync(join(dataFolder, 'outputs.json'), 'utf8')) as Outputs;
  return {
    outputs,
    printed,
    dataFolder,
    async stop({ keepData = false } = {}) {
      const contents = isRunning(child) ? await contentsInHistory(outputs) : [];
      await end(child, 'SIGINT');
      try {
        requireCleanLogs(dataFolder, outputs, contents);
      } finally {
        if (!keepData) rmSync(dataFolder, { recursive: true, force: true });
      }
    },
    kill: () => end(child, 'SIGKILL'),
  };
}

/** `OUTPUTS` names a deployment's outputs file, `USERS` a file with its people: `[{username, password, userId, groups}]`. */
function deployedOutputs(): Outputs | undefined {
  const { OUTPUTS, USERS } = process.env;
  if (!OUTPUTS) return undefined;
  if (!existsSync(OUTPUTS)) throw new Error(`OUTPUTS names ${OUTPUTS}, which does not exist`);
  const outputs = JSON.parse(readFileSync(OUTPUTS, 'utf8')) as Outputs;
  return USERS ? { ...outputs, users: JSON.parse(readFileSync(USERS, 'utf8')) as Outputs['users'] } : outputs;
}

function ready(child: ChildProcess, printed: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = setInterval(() => {
      if (!printed.some((line) => line.includes('Ready'))) return;
      clearInterval(check);
      resolve();
    }, 10);
    child.once('exit', (code) => {
      clearInterval(check);
      reject(new Error(`The embedded cloud ended with ${code} before it was ready:\n${printed.join('\n')}`));
    });
  });
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The embedded cloud did not end within 20 s of ${signal}`));
    }, 20_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}

import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { moveClock } from '../clock.ts';
import { type Cloud, startCloud } from '../cloud/cloud.ts';
import { requireFreePort } from '../gateway/front.ts';
import { demoChat, seedDemoChat } from '../people.ts';
import { Summary } from '../summary/summary.ts';
import { takeDataFolder } from './data-folder.ts';
import { readOptions, type StartOptions, usage } from './start-options.ts';
import { sendMessage } from './send.ts';

const root = join(import.meta.dirname, '../..');

/** `npm start`: builds, synthesizes, boots what was synthesized, and shows a message on its way through it. */
async function main(): Promise<void> {
  const began = performance.now();
  const options = readOptions(process.argv.slice(2), root);
  moveClock(options.clockOffset * 1000);
  await requireFreePort(options.port);
  const releaseDataFolder = takeDataFolder(options.dataFolder, options.fresh);
  process.once('exit', releaseDataFolder);
  const cloud = await boot(options);
  const summary = (options.summary ?? (options.demo || process.stdout.isTTY)) ? summaryOf(cloud) : undefined;
  const stop = (): Promise<void> => {
    summary?.end();
    return cloud.stop();
  };
  stopOnSignal(stop, options.endWithParent);
  await seed(cloud);
  const outputs = `${JSON.stringify(cloud.outputs, null, 2)}\n`;
  writeFileSync(join(options.dataFolder, 'outputs.json'), outputs, { mode: 0o600 });
  describe(cloud, options, (performance.now() - began) / 1000);
  if (options.demo) await demonstrate(cloud);
  await summary?.show();
}

async function boot(options: StartOptions): Promise<Cloud> {
  const logs = createWriteStream(join(options.dataFolder, 'functions.log'), { flags: 'a' });
  return startCloud({
    ...options,
    assembly: options.assembly ?? synthesize(options.dataFolder),
    log: ({ function: name, line }) => logs.write(`${name} ${line}\n`),
    onError: (error) => console.error(error instanceof Error ? error.message : error),
  });
}

/** Builds the bundles and synthesizes the template that `npm run deploy` would deploy for `dev`. */
function synthesize(dataFolder: string): string {
  const folder = join(dataFolder, 'cdk.out');
  mkdirSync(folder, { recursive: true });
  run('Building the functions', 'build/main.ts', {}, ['functions', 'resolvers', 'demo']);
  run('Synthesizing the template', 'infra/app.ts', { CDK_OUTDIR: folder, CDK_VALIDATION: 'false' });
  return folder;
}

function run(what: string, file: string, env: Record<string, string>, args: string[] = []): void {
  console.log(`${what} ..`);
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, file), ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${what} failed:\n${stdout}${stderr}`);
}

/** The calls this takes are nobody's: counting begins afterwards. */
async function seed({ edge, outputs }: Cloud): Promise<void> {
  await seedDemoChat(outputs);
  edge.calls.reset();
}

function describe({ outputs }: Cloud, options: StartOptions, seconds: number): void {
  const dataFolder = relative(process.cwd(), options.dataFolder) || '.';
  const people = outputs.users.map(({ username, password, groups }) => {
    const role = groups.length > 0 ? ` (${groups.join(', ')})` : '';
    return `  ${`${username}${role}`.padEnd(18)} ${password}`;
  });
  console.log(`
Ready after ${seconds.toFixed(1)} s. The template runs here, whole.

  Demo page          ${outputs.httpUrl}/
  WebSocket          ${outputs.webSocketUrl}
  HTTP               ${outputs.httpUrl}/publish
  GraphQL            ${outputs.graphqlUrl}
  Cognito            ${outputs.cognito.endpoint} (client ${outputs.cognito.clientId})
  Edge               ${outputs.edge.url}/_edge/calls
  Outputs            ${join(dataFolder, 'outputs.json')}
  Logs               ${join(dataFolder, 'functions.log')}

People, and their passwords:
${people.join('\n')}

In another terminal, send a message of your own:
  npm run send -- "Hello" --from bob --chat ${demoChat} --to carol,vera
and see where it went, by the messageId of its reply:
  npm run logs -- --message ID

Ctrl-C ends it; the data stays in ${dataFolder} (npm start -- --fresh empties it).`);
}

async function demonstrate({ outputs }: Cloud): Promise<void> {
  const { reply, received } = await sendMessage(outputs, {
    from: 'bob',
    chatId: demoChat,
    content: `Hello from bob at ${new Date().toISOString()}`,
    receivers: ['carol', 'vera'],
  });
  console.log(`\nbob just sent a message to ${demoChat}, and was answered\n${JSON.stringify(reply, null, 2)}`);
  for (const { by, frame, afterMs } of received) {
    console.log(
      `\n${by} received it after ${afterMs} ms (the first one starts every function cold)\n${JSON.stringify(frame, null, 2)}`,
    );
  }
}

function summaryOf({ observed, outputs }: Cloud): Summary {
  const { stdout: out, stderr: err } = process;
  const onError = (error: unknown): void => console.error(error);
  return new Summary({ observed, out, err, demoPage: `${outputs.httpUrl}/`, onError });
}

function stopOnSignal(end: () => Promise<void>, endWithParent: boolean): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const parent = process.ppid;
  if (endWithParent) setInterval(() => process.ppid !== parent && !stopping && stop(), 500).unref();
}

main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  const misused = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  console.error(misused ? `${message}\n\n${usage}` : message);
  process.exit(1);
});

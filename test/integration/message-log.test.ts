import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journey } from '../../local/journey/journey.ts';
import type { TestSocket } from '../setup/socket.ts';
import { Stage } from '../setup/stage.ts';
import { until } from '../setup/until.ts';
import { Operator } from './redrive/operator.ts';

const root = join(import.meta.dirname, '../..');
const secret = 'what nobody else may read';

type Printed = { code: number; out: string; err: string };

/** Runs `npm run logs` with these arguments, without AWS credentials. */
function logs(...args: string[]): Promise<Printed> {
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
  const env = { ...process.env, ...none, AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: 'nobody', NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'local/commands/logs.ts'), ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

describe('the journey of a message', () => {
  let stage: Stage;
  let olga: Operator;
  let bob: TestSocket;
  let carol: TestSocket;
  let file: string;

  beforeAll(async () => {
    stage = await Stage.start({ arguments: ['--summary'] });
    olga = new Operator(stage.cloud.outputs);
    file = join(stage.cloud.dataFolder, 'outputs.json');
    bob = await stage.listen('bob', 'journeys');
    carol = await stage.listen('carol', 'journeys');
  }, 60_000);
  afterAll(() => stage.close());

  /** Publishes a numbered message of bob's. */
  async function send(content: string): Promise<string> {
    const payload = { chatId: 'journeys', eventType: 'chat', content };
    const message = { targetChannel: 'WebSocket', messageType: 'fifo', generateSequence: true, payload };
    const { messageId } = await bob.request({ action: 'sendMessage', ...message });
    return String(messageId);
  }

  const arrived = (messageId: string) =>
    carol.next((frame) => frame['messageId'] === messageId && frame['type'] === undefined);

  /** A line follows what it tells of: once the last step is there, so is all before. */
  async function journeyTo(last: RegExp, messageId: string): Promise<Journey> {
    return until(`${last} of ${messageId}`, async () => {
      const { out } = await logs('--message', messageId, '--outputs', file, '--json');
      const journey = out === '' ? undefined : (JSON.parse(out) as Journey);
      return last.test(journey?.steps.at(-1)?.what ?? '') && journey;
    });
  }

  test('is told stage by stage, in time order, without its contents', async () => {
    const messageId = await send(secret);
    const { sequence } = await arrived(messageId);
    const { publishedAt, steps } = await journeyTo(/^Delivered/, messageId);
    expect(steps.map(({ function: name, what }) => `${name}: ${what}`)).toEqual([
      'p2p-websocket-publisher: Published, sequenced',
      `message-processor: Committed with number ${sequence}`,
      'message-processor: Delivered to 2 connections',
    ]);
    expect(steps.map(({ at, afterMs }) => at - afterMs)).toEqual(steps.map(() => publishedAt));
    expect(steps.map(({ requestId }) => requestId)).toEqual(steps.map(() => expect.stringMatching(/^[0-9a-f-]{36}$/)));

    const { code, out, err } = await logs('--message', messageId.toLowerCase(), '--outputs', file);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      `Message ${messageId}, published at ${new Date(publishedAt ?? 0).toISOString()}`,
      '',
      ...[/\+[\d,]+ ms {2}p2p-websocket-publisher {2}Published/, /Committed/, /Delivered .* [0-9a-f-]{36}$/].map(
        (pattern) => expect.stringMatching(pattern),
      ),
      '',
    ]);
    expect(out).not.toContain(secret);
  });

  test('goes on through a dead letter and its redrive', async () => {
    const fault = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor', times: 3 };
    await stage.edge.break({ ...fault, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    const messageId = await send('in vain, at first');
    await until('the letter', async () => (await olga.waiting('fifo')) === 1);
    const waiting = await logs('--message', messageId, '--outputs', file);
    expect(waiting.out).toContain('It waits as a dead letter of fifo: docs/operations.md says what to do.');

    const redrive = await olga.start({ queue: 'fifo', mode: 'redrive', filter: { messageIds: [messageId] } });
    await arrived(messageId);
    await olga.ended(redrive);
    const { steps, redrives } = await until('the whole journey', async () => {
      const journey = await journeyTo(/^(Delivered|Redriven)/, messageId);
      return (
        ['Delivered', 'Redriven'].every((word) => journey.steps.some(({ what }) => what.startsWith(word))) && journey
      );
    });
    const told = steps.map(({ function: name, what }) => `${name}: ${what}`);
    expect(told.slice(0, 6)).toEqual([
      'p2p-websocket-publisher: Published, sequenced',
      ...Array<string>(3).fill('message-processor: Failed at commit: AccessDeniedException'),
      expect.stringMatching(/^message-processor: Dead letter: failed: AccessDeniedException \(at commit, try \d\)$/),
      'dead-letter-recorder: Recorded as a dead letter of fifo',
    ]);
    // The message may be committed before the redrive has noted that it was sent.
    expect(told.slice(6).sort()).toEqual([
      expect.stringMatching(/^message-processor: Committed with number \d+$/),
      'message-processor: Delivered to 2 connections',
      `redrive-batch: Redriven by redrive ${redrive.redriveId}`,
    ]);
    expect(redrives).toEqual([redrive.redriveId]);
    const { out } = await logs('--message', messageId, '--outputs', file);
    expect(out).toContain(`npm run audit -- --redrive ${redrive.redriveId}`);
    expect(out).not.toContain('It waits');
  });

  test('of one of a run names the message by its place', async () => {
    await stage.publish('Fifo', 'journeys', ['one', 'two', 'three'], { generateSequence: true });
    const frames = [await carol.next(isOf('one')), await carol.next(isOf('two')), await carol.next(isOf('three'))];
    for (const { messageId, sequence } of frames) {
      const { steps, ...rest } = await journeyTo(/^Delivered/, String(messageId));
      expect(steps[0]?.what).toMatch(new RegExp(`^Committed with number ${String(sequence)}\\b`));
      expect(rest).not.toHaveProperty('publishedAt');
    }
  });

  test('leaves its mark in what npm start says of itself: people connected, messages sent, letters that wait', async () => {
    await stage.outside.publish('Standard', [{ body: 'poison', groupId: 'poison' }]);
    const said = /^\d\d:\d\d:\d\d {2}connections 2; messages [1-9]\d* .*; dead letters 1; failed executions 0; alarms/;
    await until('a line', () => stage.cloud.printed.some((line) => said.test(line)), 40_000);
  });

  test('is read from the outputs of a deployed stack as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stack-outputs-'));
    const stackOutputs = join(folder, 'outputs.json');
    const named = { Region: 'us-east-1', MessageLogs: '/aws/lambda/one,/aws/lambda/two' };
    writeFileSync(stackOutputs, JSON.stringify({ 'WebSocketNotificationService-dev': named }));
    const { code, err } = await logs('--message', stage.newMessageId(), '--outputs', stackOutputs);
    rmSync(folder, { recursive: true });
    expect({ code, err }).toEqual({ code: 1, err: 'There are no AWS credentials. Set AWS_PROFILE, or sign in.\n' });
  });

  test.each([
    [
      'an id that is none',
      () => ['--message', 'last', '--outputs', file],
      /expects a message's id, a ULID, and got "last"/,
    ],
    ['no id', () => ['--outputs', file], /npm run logs -- --message ID/],
    ['an unknown option', () => ['--messages', 'one'], /npm run logs -- --message ID/],
    [
      'a message that is none',
      () => ['--message', stage.newMessageId(), '--outputs', file],
      /No function tells of message [\s\S]*\/aws\/lambda\/WebSocketNotificationService-test-fan-out\n[\s\S]*Is it a message of this stack\?/,
    ],
    ['a file that is not there', () => ['--message', stage.newMessageId(), '--outputs', `${file}.gone`], /npm start/],
    [
      'a file of something else',
      () => ['--message', stage.newMessageId(), '--outputs', join(root, 'package.json')],
      /does not name the logs of messages/,
    ],
  ])('says what to do next after %s', async (_, args, advice) => {
    const { code, out, err } = await logs(...args());
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(advice);
    expect(err).not.toMatch(/^ {4}at /m);
  });
});

function isOf(content: string) {
  return (frame: Record<string, unknown>) => frame['content'] === content;
}

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Story } from '../../local/audit/story.ts';
import { personNamed } from '../setup/sign-in.ts';
import { Stage } from '../setup/stage.ts';
import { until } from '../setup/until.ts';
import { Operator } from './redrive/operator.ts';

const root = join(import.meta.dirname, '../..');

type Printed = { code: number; out: string; err: string };

/** Runs `npm run audit` with these arguments, without AWS credentials. */
function audit(...args: string[]): Promise<Printed> {
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
  const env = { ...process.env, ...none, AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: 'nobody', NODE_OPTIONS: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'local/commands/audit.ts'), ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

describe('the audit of a redrive', () => {
  let stage: Stage;
  let olga: Operator;
  let signature: string;
  let file: string;
  let redriveId: string;

  beforeAll(async () => {
    stage = await Stage.start();
    olga = new Operator(stage.cloud.outputs);
    signature = `olga (${personNamed(stage.cloud.outputs, 'olga').userId})`;
    file = join(stage.cloud.dataFolder, 'outputs.json');
    const bodies = Array.from({ length: 9 }, (_, index) => `poison ${index}`);
    await stage.outside.publish(
      'Standard',
      bodies.map((body) => ({ body, groupId: body })),
    );
    await until('the letters', async () => (await olga.waiting('standard')) === bodies.length);
    // So slow that one execution, which lives for 5 seconds here, does not see its end.
    const input = { queue: 'standard', mode: 'discard', filter: { unreadable: true }, maxPerSecond: 1, maxMessages: 8 };
    const { data } = await olga.askToStart(input, 'a script gone wild');
    redriveId = data?.startRedrive.redriveId ?? '';
    await until('the work of a second execution', async () => (await olga.redrive(redriveId)).discarded >= 6);
    await olga.askToCancel(redriveId, 'we want to see the rest');
    await olga.ended({ redriveId });
    await olga.askToCancel(redriveId, 'twice is safer');
  }, 60_000);
  afterAll(() => stage.close());

  test('tells machines who did what, why, and what came of it', async () => {
    const { code, out, err } = await audit('--redrive', redriveId, '--outputs', file, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const story = JSON.parse(out) as Story;
    expect(story.start).toEqual({
      ...{ at: expect.any(Number), by: signature, reason: 'a script gone wild', answer: 'accepted' },
      ...{ queue: 'standard', mode: 'discard', filter: { unreadable: true }, includeRevokedSenders: false },
      ...{ maxPerSecond: 1, maxMessages: 8 },
    });
    expect(story.cancels).toEqual([
      { at: expect.any(Number), by: signature, reason: 'we want to see the rest', answer: 'accepted' },
      {
        ...{ at: expect.any(Number), by: signature, reason: 'twice is safer', answer: 'refused' },
        why: `Conflict: The redrive ${redriveId} has ended: it is cancelled.`,
      },
    ]);
    expect(story.generations.map(({ generation, ended }) => ({ generation, ended }))).toEqual([
      { generation: 1, ended: 'handed over' },
      { generation: 2, ended: 'closed the redrive' },
    ]);
    expect(story.end).toMatchObject({ status: 'cancelled' });

    const { examined, matched, redriven, discarded, skipped, failed } = await olga.redrive(redriveId);
    const counts = { examined, matched, redriven, discarded, skipped, failed };
    expect(story.counts).toEqual(counts);
    const batches = story.generations.flatMap((generation) => generation.batches);
    const sum = (name: keyof typeof counts) => batches.reduce((total, batch) => total + (batch.counts?.[name] ?? 0), 0);
    expect(Object.keys(counts).map((name) => [name, sum(name as keyof typeof counts)])).toEqual(Object.entries(counts));
    expect(batches.at(-1)?.state).toBe('cancelled');
  });

  test('tells people the same, in the order it happened', async () => {
    const { code, out } = await audit('--redrive', redriveId.toLowerCase(), '--outputs', file);
    expect(code).toBe(0);
    const steps = [
      ...[`Redrive ${redriveId}`, `${signature} asks to discard letters of standard`, 'because  a script gone wild'],
      ...['letters  unreadable true', 'limits   8 letters at most, 1 a second at most', 'answer   accepted'],
      ...['generation 1 begins', 'batch: 1 looked at, 1 meant, 1 given up; there is more'],
      ...['generation 2 begins', `${signature} asks for its end`],
      ...['because  we want to see the rest', 'generation 2 ends: closed the redrive', 'because  twice is safer'],
      ...['answer   refused: Conflict: ', 'It was cancelled at ', 'In all: '],
    ];
    const places = steps.map((step) => out.indexOf(step));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    // The second begins while the first ends.
    expect(out).toContain('generation 1 ends: handed over');
  });

  test('is read from the outputs of a deployed stack as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stack-outputs-'));
    const stackOutputs = join(folder, 'outputs.json');
    const named = { Region: 'us-east-1', RedriveControlLog: '/aws/control', RedriveLog: '/aws/redrive' };
    writeFileSync(stackOutputs, JSON.stringify({ 'WebSocketNotificationService-dev': named }));
    const { code, err } = await audit('--redrive', redriveId, '--outputs', stackOutputs);
    rmSync(folder, { recursive: true });
    expect({ code, err }).toEqual({ code: 1, err: 'There are no AWS credentials. Set AWS_PROFILE, or sign in.\n' });
  });

  test.each([
    [
      'an id that is none',
      () => ['--redrive', 'latest', '--outputs', file],
      /expects a redrive's id, a ULID, and got "latest"/,
    ],
    ['no id', () => ['--outputs', file], /npm run audit -- --redrive ID/],
    ['an unknown option', () => ['--redrives', redriveId], /npm run audit -- --redrive ID/],
    ['a redrive that is none', () => ['--redrive', stage.newMessageId(), '--outputs', file], /tell nothing of redrive/],
    ['a file that is not there', () => ['--redrive', redriveId, '--outputs', `${file}.gone`], /npm start/],
    [
      'a file of something else',
      () => ['--redrive', redriveId, '--outputs', join(root, 'package.json')],
      /does not name the logs/,
    ],
  ])('says what to do next after %s', async (_, args, advice) => {
    const { code, out, err } = await audit(...args());
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(advice);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  test('says so when the embedded cloud is not running', async () => {
    const stopped = join(stage.cloud.dataFolder, 'stopped.json');
    writeFileSync(stopped, JSON.stringify({ ...stage.cloud.outputs, edge: { url: 'http://127.0.0.1:9' } }));
    const { code, err } = await audit('--redrive', redriveId, '--outputs', stopped);
    expect([code, err]).toEqual([1, expect.stringContaining('Start it with npm start')]);
  });
});

import type { Row } from '../../setup/outside.ts';
import { personNamed } from '../../setup/sign-in.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues } from './dead-letter-queues.ts';
import { Operator, type Redrive } from './operator.ts';
import { deadMessage } from './stock.ts';

const total = 200;
const maxPerSecond = 20;
const chatId = 'unhurried';

/** It takes longer than an execution of the `test` environment lives: 5 s. */
describe('a redrive of 200 messages, at most 20 a second', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let redrive: Redrive;
  let letters: Row[];

  beforeAll(async () => {
    stage = await Stage.start();
    const { outputs } = stage.cloud;
    queues = new DeadLetterQueues(outputs);
    const operator = new Operator(outputs);
    await stage.outside.grant(chatId, ['bob']);
    const senderId = personNamed(outputs, 'bob').userId;
    await queues.put(
      'standard',
      Array.from({ length: total }, (_none, content) => deadMessage('standard', { chatId, senderId, content })),
    );
    await until('the letters to be recorded', async () => (await operator.waiting('standard')) === total);
    await stage.edge.resetCalls();
    redrive = await operator.carryOut({ queue: 'standard', mode: 'redrive', maxPerSecond });
    letters = await stage.outside.letters('standard');
  }, 120_000);
  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  /** How much longer than its pauses it takes is the machine's affair. */
  test('never sends more in a second than it may, and so takes ten of them', () => {
    const times = letters.map(({ settledAt }) => Date.parse(String(settledAt))).sort((a, b) => a - b);
    const most = Math.max(...times.map((begin) => times.filter((time) => time >= begin && time < begin + 1000).length));
    expect(most).toBeLessThanOrEqual(maxPerSecond);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(9_000);
  });

  test('is carried on by one execution after another, and its counts are true', async () => {
    const calls = await stage.edge.calls();
    const successors = calls.filter(({ role, action }) => role === 'dlq-redrive' && action === 'StartExecution');
    expect(successors.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(1);
    const [lease] = await stage.outside.rows('Redrives', { redriveId: 'lock#standard' });
    expect(Number(lease?.['generation'])).toBeGreaterThanOrEqual(2);
    expect(lease).not.toHaveProperty('holder');

    expect(redrive).toMatchObject({
      status: 'completed',
      ...{ examined: total, matched: total, redriven: total, skipped: 0, failed: 0 },
    });
    expect(new Set(letters.map(({ status }) => status))).toEqual(new Set(['redriven']));
    const history = await until('all to be in history', async () => {
      const rows = await stage.outside.history(chatId);
      return rows.length === total && rows;
    });
    expect(history.map(({ messageId }) => messageId).sort()).toEqual(letters.map(({ messageId }) => messageId).sort());
    const sends = calls.filter(({ role, action }) => role === 'redrive-batch' && action === 'SendMessageBatch');
    expect(sends.reduce((sum, { count }) => sum + count, 0)).toBe(total / 10);
  });
});

import { personNamed } from '../../setup/sign-in.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues } from './dead-letter-queues.ts';
import { Operator } from './operator.ts';
import { deadMessage, type DeadMessage, type LaneName } from './stock.ts';

/** What a batch of a redrive settles at most. */
const lettersPerBatch = 10;

describe('redrives that are not left alone', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let operator: Operator;
  let bob: string;

  beforeAll(async () => {
    stage = await Stage.start();
    queues = new DeadLetterQueues(stage.cloud.outputs);
    operator = new Operator(stage.cloud.outputs);
    bob = personNamed(stage.cloud.outputs, 'bob').userId;
  }, 60_000);
  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  /** Messages of bob's for a chat, which wait as dead letters. */
  async function strand(queue: LaneName, chatId: string, count: number): Promise<DeadMessage[]> {
    const numbered = queue === 'fifo';
    const messages = Array.from({ length: count }, (_none, content) =>
      deadMessage(queue, { chatId, senderId: bob, content, numbered }),
    );
    await queues.put(queue, messages);
    await until('the letters', async () => (await lettersOf(queue, chatId)).length === count);
    return messages;
  }

  async function lettersOf(queue: LaneName, chatId: string) {
    return (await stage.outside.letters(queue)).filter((letter) => letter['chatId'] === chatId);
  }

  async function committed(chatId: string, count: number) {
    return until('history', async () => {
      const history = await stage.outside.history(chatId);
      return history.length === count && history;
    });
  }

  test('cancelled, it ends within a batch, what is left stays whole, and another finishes it', async () => {
    const chatId = 'cancelled';
    await stage.outside.grant(chatId, ['bob']);
    const messages = await strand('fifo', chatId, 60);
    const order = { queue: 'fifo', mode: 'redrive', filter: { chatId } };

    const { redriveId } = await operator.start({ ...order, maxPerSecond: 20 });
    await until('a batch', async () => (await operator.redrive(redriveId)).redriven > 0);
    const { redriven: before } = await operator.cancel(redriveId);
    const cancelled = await operator.ended({ redriveId });
    expect(cancelled).toMatchObject({ status: 'cancelled', skipped: 0, failed: 0 });
    expect(cancelled.redriven).toBeLessThanOrEqual(before + lettersPerBatch);
    expect(cancelled.redriven).toBeLessThan(messages.length);
    const letters = await lettersOf('fifo', chatId);
    expect(letters.map(({ status }) => status)).toEqual(
      messages.map((_message, index) => (index < cancelled.redriven ? 'redriven' : 'waiting')),
    );
    await committed(chatId, cancelled.redriven);

    const rest = await operator.carryOut(order);
    const left = messages.length - cancelled.redriven;
    expect(rest).toMatchObject({ status: 'completed', matched: left, redriven: left, skipped: 0, failed: 0 });
    const history = await committed(chatId, messages.length);
    expect(history.map(({ messageId, sequence }) => [messageId, sequence])).toEqual(
      messages.map(({ messageId }, index) => [messageId, index + 1]),
    );
  });

  test('one that has ended cannot be cancelled, nor one that never was', async () => {
    const { redriveId } = await operator.carryOut({ queue: 'fifo', mode: 'redrive', filter: { chatId: 'nobodys' } });
    const refusal = (errorType: string) => ({ errors: [{ errorType, message: expect.stringContaining(redriveId) }] });
    expect(await operator.askToCancel(redriveId)).toMatchObject(refusal('Conflict'));
    const other = `${redriveId.slice(0, -1)}${redriveId.endsWith('0') ? '1' : '0'}`;
    expect(await operator.askToCancel(other)).toMatchObject({ errors: [{ errorType: 'NotFound' }] });
  });

  test('discarding marks those meant, sends nothing, and asks nobody’s permission', async () => {
    const [chatId, kept] = ['discarded', 'kept'];
    await strand('standard', chatId, 25);
    await strand('standard', kept, 5);
    await stage.edge.resetCalls();
    const redrive = await operator.carryOut({ queue: 'standard', mode: 'discard', filter: { chatId } });
    expect(redrive).toMatchObject({
      status: 'completed',
      ...{ matched: 25, discarded: 25, redriven: 0, skipped: 0, failed: 0 },
    });
    const calls = (await stage.edge.calls()).filter(({ role }) => role === 'redrive-batch');
    expect(calls.filter(({ service }) => service === 'sqs')).toEqual([]);

    const discarded = await lettersOf('standard', chatId);
    for (const letter of discarded) {
      expect(letter).toMatchObject({
        status: 'discarded',
        redriveId: redrive.redriveId,
        settledAt: expect.any(String),
        expiresAt: expect.any(Number),
      });
      expect(letter).not.toHaveProperty('waitingIn');
    }
    for (const letter of await lettersOf('standard', kept)) {
      expect(letter).toMatchObject({ status: 'waiting', waitingIn: 'standard' });
    }
    expect(await stage.outside.history(chatId)).toEqual([]);
  });

  test('of several that are started at once on a queue one runs, and the others are told which', async () => {
    const chatId = 'contested';
    await stage.outside.grant(chatId, ['bob']);
    await strand('standard', chatId, 20);
    const order = { queue: 'standard', mode: 'redrive', filter: { chatId }, maxPerSecond: 10 };
    const before = await stage.outside.rows('Redrives', { kind: 'redrive' });

    const answers = await Promise.all(Array.from({ length: 4 }, () => operator.askToStart(order)));
    const started = answers.flatMap(({ data, errors }) => (errors === undefined && data ? [data.startRedrive] : []));
    const [running] = started;
    expect(started).toHaveLength(1);
    const refusals = answers.flatMap(({ errors = [] }) => errors);
    expect(refusals).toHaveLength(3);
    for (const { errorType, message } of refusals) {
      expect(errorType).toBe('Conflict');
      expect(message).toContain(running?.redriveId);
      expect(message).toContain('olga');
    }
    expect(await stage.outside.rows('Redrives', { kind: 'redrive' })).toHaveLength(before.length + 1);

    const ended = running && (await operator.ended(running));
    expect(ended).toMatchObject({ status: 'completed', matched: 20, redriven: 20, failed: 0 });
    const letters = await lettersOf('standard', chatId);
    expect(new Set(letters.map(({ redriveId }) => redriveId))).toEqual(new Set([running?.redriveId]));
    await committed(chatId, 20);
  });
});

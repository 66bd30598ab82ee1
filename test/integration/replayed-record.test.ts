import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { Outside, type Row } from '../setup/outside.ts';
import { type Frame, TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { type QueueRecord, Queues } from './model/queues.ts';

const chatId = 'replayed';
const fiveDays = 5 * 86_400;

/** What bob sends, in this order. */
const requests = [
  { messageType: 'fifo', generateSequence: true, payload: { content: 'numbered' } },
  { messageType: 'standard', payload: { content: 'standard' } },
  { messageType: 'fifo', messageGroupId: 'a group', payload: { content: 'grouped' } },
  { messageType: 'fifo', generateSequence: true, payload: { content: 'numbered, too' } },
];

describe('a queue record that is delivered again', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'notification-replayed-'));
  let cloud: Cloud;
  let outside: Outside;
  let queues: Queues;
  let bob: TestSocket;
  /** What the topics gave the queues, once. */
  let records: QueueRecord[];
  let before: Row[];

  async function open(...more: string[]): Promise<void> {
    cloud = await startCloud({ dataFolder, arguments: ['--duplicates', '0', ...more] });
    outside = new Outside(cloud.outputs);
    queues = await Queues.open(cloud.outputs);
    await outside.grant(chatId, ['bob']);
    bob = await TestSocket.openAs(cloud.outputs, 'bob', chatId);
  }

  async function close(options?: { keepData: boolean }): Promise<void> {
    await bob.close();
    await queues.close();
    outside.close();
    await cloud.stop(options);
  }

  async function send(request: Frame & { payload: object }): Promise<void> {
    const payload = { chatId, eventType: 'chat', ...request.payload };
    const reply = await bob.request({ action: 'sendMessage', targetChannel: 'WebSocket', ...request, payload });
    expect(reply).toMatchObject({ type: 'reply' });
  }

  async function deadLetters(): Promise<unknown[]> {
    return [...(await outside.deadLetters('Standard')), ...(await outside.deadLetters('Fifo'))];
  }

  async function deliverAgain(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) await queues.deliver(records);
    await until('the queues to be empty', () => queues.areEmpty(), 60_000);
  }

  beforeAll(async () => {
    await open();
    for (const request of requests) await send(request);
    await bob.collect(({ type }) => type === undefined, requests.length, 'messages');
    records = await until(
      'the records',
      () => queues.published.length === requests.length && queues.publishedTo(chatId),
    );
    before = await outside.history(chatId);
  }, 90_000);

  afterAll(() => close(), 30_000);

  test('ten times, then five days later: history stays as it was, and the next message has the next number', async () => {
    expect(before.map(({ sequence }) => sequence)).toEqual([1, 2, undefined, undefined]);
    const numbers = new Map(before.map(({ messageId, sequence }) => [messageId, sequence]));

    await deliverAgain(10);
    expect(await outside.history(chatId)).toEqual(before);
    expect(await deadLetters()).toEqual([]);
    expect(bob.messages().map(({ messageId, sequence }) => [messageId, sequence])).toEqual(
      bob.messages().map(({ messageId }) => [messageId, numbers.get(messageId)]),
    );

    await close({ keepData: true });
    await open('--clock-offset', String(fiveDays));
    await deliverAgain(2);
    expect(await outside.history(chatId)).toEqual(before);
    for (const { messageId, sequence } of bob.messages()) expect(sequence).toBe(numbers.get(messageId));

    await send({ messageType: 'fifo', generateSequence: true, payload: { content: 'next' } });
    const next = await bob.next(({ content }) => content === 'next', 'the next message');
    expect(next['sequence']).toBe(3);
    expect(await outside.history(chatId)).toHaveLength(requests.length + 1);
    expect(await deadLetters()).toEqual([]);
  }, 180_000);
});

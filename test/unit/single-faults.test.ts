import './support/quiet.ts';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { handler as retryDelivery } from '../../functions/delivery-retry/handler.ts';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';
import { handler as processMessages } from '../../functions/message-processor/handler.ts';
import { Aws, type Fault } from './support/aws.ts';
import { envelope, inSeconds, lambdaContext, sqsEvent, sqsRecord } from './support/events.ts';
import { table } from './support/tables.ts';

const queues = 'https://sqs.us-east-1.amazonaws.com/000000000000';
const people = ['bob', 'carol'];
let chats = 0;

/**
 * Whichever one call fails, and however: history is contiguous and holds every message once, and every subscriber ends up
 * with what history holds. A queue stands in for SQS here: it hands out again what the functions return.
 */
describe('one failing call, whichever it is', () => {
  let aws: Aws;

  beforeAll(async () => {
    Object.assign(process.env, {
      STANDARD_DEAD_LETTER_QUEUE_URL: `${queues}/standard-dead`,
      FIFO_DEAD_LETTER_QUEUE_URL: `${queues}/fifo-dead.fifo`,
      DELIVERY_RETRY_QUEUE_URL: `${queues}/retries`,
    });
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());

  type Handler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

  /** Hands records out until they are done, as a queue with partial batch responses does. */
  async function drain(handler: Handler, records: SQSRecord[]): Promise<void> {
    let waiting = records;
    for (let receive = 1; waiting.length > 0; receive += 1) {
      expect(receive).toBeLessThan(6);
      const { batchItemFailures } = await handler(sqsEvent(...waiting), lambdaContext());
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      waiting = waiting
        .filter(({ messageId }) => failed.has(messageId))
        .map((record) => ({
          ...record,
          attributes: { ...record.attributes, ApproximateReceiveCount: String(receive + 1) },
        }));
    }
  }

  /** Two batches to a new chat with two subscribers; then whatever reached the retry queue. */
  async function sendAll(
    fifo: boolean,
    fault?: { at: number; kind: Fault },
  ): Promise<{ chatId: string; sent: Envelope[] }> {
    chats += 1;
    const chatId = `chat-${chats}`;
    for (const connectionId of people) {
      await table('SUBSCRIPTIONS_TABLE').put({
        chatId,
        subscriber: `00#${connectionId}`,
        connectionId,
        frames: connectionId === 'carol' ? 'batch' : 'single',
        connectedAt: '2026-01-01T00:00:00.000Z',
        accessExpiresAt: inSeconds(600),
      });
    }
    aws.reset();
    let calls = 0;
    if (fault) aws.fail('*', fault.kind, { applies: () => (calls += 1) === fault.at + 1 });
    const type = fifo ? { generateSequence: true as const } : { messageType: 'standard' as const };
    const sent = ['a', 'b', 'c', 'd'].map((content) => envelope({ ...type, payload: { chatId, content } }));
    const records = sent.map((body) => sqsRecord({ body, fifo }));
    await drain(processMessages, records.slice(0, 3));
    await drain(processMessages, records.slice(3));
    await drain(
      retryDelivery,
      aws
        .inputs<{ Entries: { MessageBody: string }[] }>('SendMessageBatch')
        .flatMap(({ Entries }) => Entries.map(({ MessageBody }) => sqsRecord({ body: MessageBody, fifo: false }))),
    );
    return { chatId, sent };
  }

  function viewOf(connectionId: string): string[] {
    const frames = (aws.received.get(connectionId) ?? []).map((frame) => JSON.parse(frame) as Frame);
    const messages = frames.flatMap((frame) => frame.messages ?? [frame]);
    return [...new Set(messages.map(({ content, sequence }) => `${content} ${sequence}`))].sort();
  }

  interface Frame {
    content: string;
    sequence?: number;
    messages?: Frame[];
  }

  const kinds: [string, Fault][] = [
    ['fails inside', { error: 'InternalServerError', status: 500 }],
    ['is refused', { error: 'AccessDeniedException' }],
    ['is throttled', { error: 'ThrottlingException' }],
    ['takes effect unheard', { dropReply: true }],
    ['conflicts', { cancellation: ['TransactionConflict', 'None', 'None', 'None'] }],
  ];

  describe.each([
    ['FIFO', true],
    ['standard', false],
  ])('%s', (_name, fifo) => {
    test.each(kinds)('each call in turn %s', async (_how, kind) => {
      await sendAll(fifo);
      const calls = aws.calls.length;
      expect(calls).toBeGreaterThan(6);
      for (let at = 0; at < calls; at += 1) {
        const { chatId, sent } = await sendAll(fifo, { at, kind });
        const rows = await table('MESSAGES_TABLE').of(chatId);
        const held = rows.map(({ payload, sequence }) => {
          const { content } = JSON.parse(String(payload)) as { content: string };
          return `${content} ${sequence as number | undefined}`;
        });
        expect(held.sort()).toEqual(
          sent.map(({ payload }, index) => `${String(payload['content'])} ${fifo ? index + 1 : undefined}`),
        );
        for (const person of people) expect(viewOf(person)).toEqual(held);
      }
    });
  });
});

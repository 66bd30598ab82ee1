import { createHash } from 'node:crypto';
import { PublishBatchCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { parseCall } from '../../../local/edge/call.ts';
import { readAuthorization } from '../../../local/edge/signature.ts';
import { topicArnOf } from '../../../local/messaging/identifiers.ts';
import { provisionMessaging } from '../../../local/messaging/provision.ts';
import { withoutTraceAttribute, withTraceHeader } from '../../../local/messaging/trace-headers.ts';
import { startFront } from '../front.ts';
import { region, type Scratch, startScratch, urlOf } from './scratch.ts';

const header = 'Root=1-5e6722a7-cc2c1d3a46db7ae98d0da47a;Parent=53995c3f42cd8ad8;Sampled=1';
const own = header.replace('Sampled=1', 'Sampled=0');

/** SNS and SQS as callers meet them at the edge: trace headers travel with messages, and nobody sees how. */
describe('a trace header', () => {
  let scratch: Scratch;
  let front: Awaited<ReturnType<typeof startFront>>;
  let sns: SNSClient;
  let sqs: SQSClient;

  beforeAll(async () => {
    scratch = await startScratch();
    const queue = (name: string) => ({ name, properties: name.endsWith('.fifo') ? { FifoQueue: true } : {} });
    await provisionMessaging(scratch.messaging, {
      queues: [queue('plain'), queue('ordered.fifo')],
      topics: [
        { name: 'topic', properties: {} },
        { name: 'topic.fifo', properties: { FifoTopic: true } },
      ],
      subscriptions: [
        ['topic', 'plain'],
        ['topic.fifo', 'ordered.fifo'],
      ].map(([topic = '', name = '']) => ({
        properties: {
          TopicArn: topicArnOf(region, topic),
          Protocol: 'sqs',
          Endpoint: `arn:aws:sqs:${region}:000000000000:${name}`,
          RawMessageDelivery: true,
        },
      })),
    });
    front = await startFront(async ({ headers, body }) => {
      const authorization = readAuthorization(headers.authorization);
      if (typeof authorization !== 'object') throw new Error('A call that is not signed');
      const request = { method: 'POST', path: '/', host: headers.host ?? '', headers, body };
      const call = { ...request, ...parseCall(request, authorization, { region, accountId: '000000000000' }) };
      return withoutTraceAttribute(call, await scratch.messaging.forward(withTraceHeader(call)));
    });
    const settings = {
      region,
      endpoint: front.url,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    };
    sns = new SNSClient(settings);
    sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
    // What the SDK does by itself in a function.
    const carry = ({ request }: { request: unknown }): void =>
      void Object.assign((request as { headers: object }).headers, { 'X-Amzn-Trace-Id': header });
    const step = { step: 'build', name: 'traceHeader' } as const;
    sns.middlewareStack.add((next) => (args) => (carry(args), next(args)), step);
    sqs.middlewareStack.add((next) => (args) => (carry(args), next(args)), step);
  });
  afterAll(async () => {
    sns.destroy();
    sqs.destroy();
    await front.stop();
    await scratch.stop();
  });

  async function received(queue: string, count: number): Promise<Message[]> {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: urlOf(queue),
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    expect(Messages).toHaveLength(count);
    return Messages;
  }

  const headersOf = (messages: Message[]): unknown[] =>
    messages.map(({ Attributes }) => Attributes?.['AWSTraceHeader' as never]);

  const attributes = { targetChannel: { DataType: 'String', StringValue: 'WebSocket' } };
  const body = 'a & b = "c" 😀';

  test('goes through a standard topic to its queue, beside the attributes there are', async () => {
    await sns.send(
      new PublishCommand({ TopicArn: topicArnOf(region, 'topic'), Message: body, MessageAttributes: attributes }),
    );
    const [message] = await received('plain', 1);
    expect(message).toMatchObject({
      Body: body,
      Attributes: { AWSTraceHeader: header },
      MessageAttributes: attributes,
    });
    expect(Object.keys(message?.MessageAttributes ?? {})).toEqual(['targetChannel']);
    expect(message?.MD5OfBody).toBe(createHash('md5').update(body).digest('hex'));
  });

  test('goes through a FIFO topic, for each message of a batch', async () => {
    await sns.send(
      new PublishBatchCommand({
        TopicArn: topicArnOf(region, 'topic.fifo'),
        PublishBatchRequestEntries: ['one', 'two'].map((Message, index) => ({
          Id: Message,
          Message,
          MessageGroupId: 'group',
          MessageDeduplicationId: Message,
          ...(index === 0 && { MessageAttributes: attributes }),
        })),
      }),
    );
    const messages = await received('ordered.fifo', 2);
    expect(headersOf(messages)).toEqual([header, header]);
    expect(messages.map(({ MessageAttributes }) => MessageAttributes)).toEqual([attributes, undefined]);
  });

  test('is on what is sent to a queue; one of the message’s own comes first', async () => {
    const AWSTraceHeader = { DataType: 'String', StringValue: own };
    await sqs.send(new SendMessageCommand({ QueueUrl: urlOf('plain'), MessageBody: body }));
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: urlOf('plain'),
        MessageBody: 'own',
        MessageSystemAttributes: { AWSTraceHeader },
      }),
    );
    const messages = await received('plain', 2);
    expect(new Map(messages.map(({ Body }, index) => [Body, headersOf(messages)[index]]))).toEqual(
      new Map([
        [body, header],
        ['own', own],
      ]),
    );
    expect(messages.map(({ MessageAttributes }) => MessageAttributes)).toEqual([undefined, undefined]);
  });

  test('is on each message of a batch for a queue', async () => {
    const AWSTraceHeader = { DataType: 'String', StringValue: own };
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: urlOf('ordered.fifo'),
        Entries: ['three', 'four'].map((MessageBody, index) => ({
          Id: MessageBody,
          MessageBody,
          MessageGroupId: 'another',
          MessageDeduplicationId: MessageBody,
          ...(index === 1 && { MessageSystemAttributes: { AWSTraceHeader } }),
        })),
      }),
    );
    expect(headersOf(await received('ordered.fifo', 2))).toEqual([header, own]);
  });
});

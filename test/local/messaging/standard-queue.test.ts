import { PublishBatchCommand, PublishCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { topicArnOf } from '../../../local/messaging/identifiers.ts';
import { provisionQueue } from '../../../local/messaging/queues.ts';
import { provisionSubscription } from '../../../local/messaging/subscriptions.ts';
import { provisionTopic } from '../../../local/messaging/topics.ts';
import { arnOf, bodiesOf, receive, region, startScratch, urlOf } from './scratch.ts';
import type { Scratch } from './scratch.ts';

const source = (file: string) => JSON.stringify(join(import.meta.dirname, '../../../local/messaging', file));

describe('SNS and SQS', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await startScratch();
  });
  afterAll(() => scratch.stop());

  const queueOf = async (name: string, properties: object = {}) => {
    await provisionQueue(scratch.messaging, name, properties);
    return name;
  };
  const send = (queue: string, MessageBody: string, DelaySeconds?: number) =>
    scratch.sqs.send(new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody, DelaySeconds }));
  const topicWithQueue = async (name: string, subscription: object) => {
    await provisionTopic(scratch.messaging, name, {});
    await queueOf(name);
    await provisionSubscription(scratch.messaging, {
      TopicArn: topicArnOf(region, name),
      Protocol: 'sqs',
      Endpoint: arnOf(name),
      ...subscription,
    });
  };
  const publish = (topic: string, Message: string, targetChannel?: string) =>
    scratch.sns.send(
      new PublishCommand({
        TopicArn: topicArnOf(region, topic),
        Message,
        MessageAttributes: targetChannel
          ? { targetChannel: { DataType: 'String', StringValue: targetChannel } }
          : undefined,
      }),
    );

  it('take every character that SQS takes, alone and in a batch, and no other', async () => {
    const queue = await queueOf('characters');
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    const allowed = '\t\n\r \u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{1F600}\u{10FFFF}';
    await send(queue, allowed);
    const entries = [allowed, '\u0001', '\uFFFE'].map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    const { Failed = [] } = await scratch.sqs.send(
      new SendMessageBatchCommand({ QueueUrl: urlOf(queue), Entries: entries }),
    );
    expect(Failed).toMatchObject([
      { Id: '1', SenderFault: true, Code: 'InvalidMessageContents' },
      { Id: '2', SenderFault: true, Code: 'InvalidMessageContents' },
    ]);
    expect(bodiesOf(await receive(scratch, queue))).toEqual([allowed, allowed]);
  });

  it('listen on the loopback address alone', async () => {
    // Were they bound to every address, their port could not be bound on another one.
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.on('error', reject);
      other.listen(Number(new URL(scratch.messaging.url).port), '127.0.0.2', resolve);
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('answer no web page, which may post forms to any port of the machine', async () => {
    const form = new URLSearchParams({ Action: 'ListTopics' });
    const page = { origin: 'https://example.com', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await fetch(scratch.messaging.url, { method: 'POST', headers: page, body: form })).status).toBe(403);
  });

  it("name queues by AWS's URLs", async () => {
    const name = await queueOf('named');
    const url = `https://sqs.${region}.amazonaws.com/000000000000/named`;
    expect((await scratch.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(url);
    expect((await scratch.sqs.send(new ListQueuesCommand({ QueueNamePrefix: name }))).QueueUrls).toEqual([url]);
  });

  it('keep queues and messages over a restart', async () => {
    const queue = await queueOf('kept');
    await send(queue, 'body');
    await scratch.restart();
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['body']);
  });

  it('tell when a message was sent and how often received', async () => {
    const queue = await queueOf('counted', { VisibilityTimeout: 0 });
    const before = Date.now();
    await send(queue, 'body');
    await receive(scratch, queue);
    const [message] = await receive(scratch, queue);
    expect(message?.Attributes?.ApproximateReceiveCount).toBe('2');
    expect(Number(message?.Attributes?.SentTimestamp)).toBeGreaterThanOrEqual(before);
    expect(Number(message?.Attributes?.ApproximateFirstReceiveTimestamp)).toBeGreaterThanOrEqual(before);
  });

  it('change the visibility of several messages, and refuse the ones not in flight', async () => {
    const queue = await queueOf('visible');
    await send(queue, 'body');
    const [message] = await receive(scratch, queue);
    const { Successful, Failed } = await scratch.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: urlOf(queue),
        Entries: [
          { Id: 'ours', ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: 'nobodys', ReceiptHandle: 'x', VisibilityTimeout: 0 },
        ],
      }),
    );
    expect([Successful?.map(({ Id }) => Id), Failed?.map(({ Id }) => Id)]).toEqual([['ours'], ['nobodys']]);
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['body']);
  });

  it('delete several messages', async () => {
    const queue = await queueOf('deleted', { VisibilityTimeout: 0 });
    await send(queue, 'body');
    const [message] = await receive(scratch, queue, { VisibilityTimeout: 60 });
    await scratch.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: urlOf(queue),
        Entries: [{ Id: '1', ReceiptHandle: message?.ReceiptHandle }],
      }),
    );
    await scratch.restart();
    const { Attributes } = await scratch.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: urlOf(queue), AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });

  it('delay a message', async () => {
    const queue = await queueOf('delayed');
    await send(queue, 'later', 1);
    expect(await receive(scratch, queue)).toEqual([]);
    const sent = performance.now();
    expect(bodiesOf(await receive(scratch, queue, { WaitTimeSeconds: 5 }))).toEqual(['later']);
    expect(performance.now() - sent).toBeGreaterThan(500);
  });

  it('answer a long poll as soon as a message comes', async () => {
    const queue = await queueOf('polled');
    const polling = receive(scratch, queue, { WaitTimeSeconds: 20 });
    await send(queue, 'body');
    expect(bodiesOf(await polling)).toEqual(['body']);
  });

  it('stop at once, whoever is polling, and leave nothing that keeps the process up', async () => {
    const dataFolder = join(scratch.dataFolder, 'stopped');
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `const { startMessaging } = await import(${source('messaging.ts')});
       const { callSqs } = await import(${source('calls.ts')});
       const messaging = await startMessaging(${JSON.stringify({ dataFolder, region })});
       const { QueueUrl } = await callSqs(messaging, 'CreateQueue', { QueueName: 'polled' });
       callSqs(messaging, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }).catch(() => undefined);
       await callSqs(messaging, 'ListQueues', {});
       process.stdout.write('polling');
       await messaging.stop();`,
    ]);
    await once(child.stdout, 'data');
    const started = performance.now();
    await once(child, 'exit');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('leave a long poll waiting when another one took the message', async () => {
    const queue = await queueOf('shared');
    const polls = [receive(scratch, queue, { WaitTimeSeconds: 20 }), receive(scratch, queue, { WaitTimeSeconds: 20 })];
    await send(queue, 'one');
    expect(bodiesOf(await Promise.race(polls))).toEqual(['one']);
    await send(queue, 'two');
    expect((await Promise.all(polls)).flatMap(bodiesOf).sort()).toEqual(['one', 'two']);
  });

  it('move a message that was received too often to the dead-letter queue', async () => {
    const deadLetters = await queueOf('dead-letters');
    const RedrivePolicy = { deadLetterTargetArn: arnOf(deadLetters), maxReceiveCount: 2 };
    const queue = await queueOf('redriving', { RedrivePolicy, VisibilityTimeout: 0 });
    await send(queue, 'poison');
    expect(await receive(scratch, queue)).toHaveLength(1);
    expect(await receive(scratch, queue)).toHaveLength(1);
    expect(await receive(scratch, queue)).toHaveLength(0);
    expect(bodiesOf(await receive(scratch, deadLetters))).toEqual(['poison']);
  });

  it('purge a queue, in flight messages included, for good', async () => {
    const queue = await queueOf('purged', { VisibilityTimeout: 0 });
    await send(queue, 'in flight');
    await receive(scratch, queue, { VisibilityTimeout: 1 });
    await send(queue, 'waiting');
    await scratch.sqs.send(new PurgeQueueCommand({ QueueUrl: urlOf(queue) }));
    await scratch.restart();
    expect(await receive(scratch, queue, { WaitTimeSeconds: 2 })).toEqual([]);
  });

  it('refuse a message over 256 KiB at the topic and over 1 MiB at the queue', async () => {
    await topicWithQueue('oversize', { RawMessageDelivery: true });
    await expect(publish('oversize', 'x'.repeat(262_145))).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(send('oversize', 'x'.repeat(1_048_577))).rejects.toThrow('Message must be shorter than 1048576 bytes');
  });

  it('deliver to a subscription what its filter policy takes', async () => {
    await topicWithQueue('filtered', { RawMessageDelivery: true, FilterPolicy: { targetChannel: ['WebSocket'] } });
    await publish('filtered', 'ours', 'WebSocket');
    await publish('filtered', 'theirs', 'Email');
    await publish('filtered', 'nobodys');
    const messages = await receive(scratch, 'filtered');
    expect(bodiesOf(messages)).toEqual(['ours']);
    expect(messages[0]?.MessageAttributes?.['targetChannel']?.StringValue).toBe('WebSocket');
  });

  it('hand on the group that a standard topic was given, which asks for no order and for no deduplication', async () => {
    await topicWithQueue('grouped', { RawMessageDelivery: true });
    const TopicArn = topicArnOf(region, 'grouped');
    const tenant = { Message: 'body', MessageGroupId: 'tenant' };
    for (let sent = 0; sent < 2; sent += 1) await scratch.sns.send(new PublishCommand({ TopicArn, ...tenant }));
    await scratch.sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [{ Id: '1', ...tenant }] }));
    await publish('grouped', 'body');
    const messages = [...(await receive(scratch, 'grouped')), ...(await receive(scratch, 'grouped'))];
    const groups = messages.map(({ Attributes = {} }) => (Attributes as { MessageGroupId?: string }).MessageGroupId);
    expect(groups.sort()).toEqual(['tenant', 'tenant', 'tenant', undefined]);
  });

  it('wrap what is not delivered raw', async () => {
    await topicWithQueue('wrapped', {});
    await publish('wrapped', 'body');
    const [message] = await receive(scratch, 'wrapped');
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      Type: 'Notification',
      Message: 'body',
      TopicArn: topicArnOf(region, 'wrapped'),
    });
  });

  it('name errors as the SDK knows them', async () => {
    await expect(send('absent', 'body')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await expect(publish('absent', 'body')).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});

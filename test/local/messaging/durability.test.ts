import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PublishCommand } from '@aws-sdk/client-sns';
import { topicArnOf } from '../../../local/messaging/identifiers.ts';
import { provisionQueue } from '../../../local/messaging/queues.ts';
import { provisionSubscription } from '../../../local/messaging/subscriptions.ts';
import { provisionTopic } from '../../../local/messaging/topics.ts';
import { arnOf, bodiesOf, receive, region, sendFifo, startScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

const source = (file: string) => JSON.stringify(join(import.meta.dirname, '../../../local/messaging', file));

describe('SNS and SQS, struck while they write', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await startScratch();
  });
  afterEach(() => scratch.stop());

  /** While `attempt` runs, storing a message in the queue fails, as on a full disk or at a kill before that moment. */
  const whileStoringFails = async (queue: string, attempt: () => Promise<unknown>) => {
    const database = new DatabaseSync(join(scratch.dataFolder, 'fauxqs.db'));
    database.exec(
      `CREATE TRIGGER strike BEFORE INSERT ON sqs_messages WHEN NEW.queue_name = '${queue}'
       BEGIN SELECT RAISE(ABORT, 'struck'); END`,
    );
    await expect(attempt()).rejects.toThrow();
    database.exec('DROP TRIGGER strike');
    database.close();
  };

  it('take the retry of a message that a FIFO queue failed to store', async () => {
    await provisionQueue(scratch.messaging, 'retried.fifo', { FifoQueue: true });
    const send = () => sendFifo(scratch, 'retried.fifo', 'a', 'body', 'id');
    await whileStoringFails('retried.fifo', send);
    await send();
    expect(bodiesOf(await receive(scratch, 'retried.fifo'))).toEqual(['body']);
  });

  it('take the retry of a message that a FIFO topic failed to deliver', async () => {
    const TopicArn = topicArnOf(region, 'retried.fifo');
    await provisionTopic(scratch.messaging, 'retried.fifo', { FifoTopic: true });
    await provisionQueue(scratch.messaging, 'struck.fifo', { FifoQueue: true });
    await provisionSubscription(scratch.messaging, {
      TopicArn,
      Protocol: 'sqs',
      Endpoint: arnOf('struck.fifo'),
      RawMessageDelivery: true,
    });
    const message = { TopicArn, Message: 'body', MessageGroupId: 'a', MessageDeduplicationId: 'id' };
    const publish = () => scratch.sns.send(new PublishCommand(message));
    await whileStoringFails('struck.fifo', publish);
    await publish();
    expect(bodiesOf(await receive(scratch, 'struck.fifo'))).toEqual(['body']);
  });

  it.each(['', '.fifo'])('lose no message on its way to a dead-letter queue (%s)', async (suffix) => {
    const [queue, deadLetters] = [`source${suffix}`, `dead-letters${suffix}`];
    const fifo = suffix === '' ? {} : { FifoQueue: true, ContentBasedDeduplication: true };
    await provisionQueue(scratch.messaging, deadLetters, fifo);
    const RedrivePolicy = { deadLetterTargetArn: arnOf(deadLetters), maxReceiveCount: 1 };
    await provisionQueue(scratch.messaging, queue, { ...fifo, RedrivePolicy, VisibilityTimeout: 0 });
    await sendFifo(scratch, queue, 'a', 'poison');
    expect(bodiesOf(await receive(scratch, queue))).toEqual(['poison']);
    await whileStoringFails(deadLetters, () => receive(scratch, queue));
    await scratch.restart();
    expect(await receive(scratch, queue)).toEqual([]);
    expect(bodiesOf(await receive(scratch, deadLetters))).toEqual(['poison']);
  });

  it('keep what they acknowledged when killed with -9', async () => {
    await provisionQueue(scratch.messaging, 'killed.fifo', { FifoQueue: true });
    await scratch.messaging.stop();
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { startMessaging } = await import(${source('messaging.ts')});
         const { callSqs } = await import(${source('calls.ts')});
         const { queueUrlOf } = await import(${source('identifiers.ts')});
         const messaging = await startMessaging(${JSON.stringify({ dataFolder: scratch.dataFolder, region })});
         const QueueUrl = queueUrlOf('${region}', 'killed.fifo');
         for (const MessageBody of ['1', '2', '3']) {
           await callSqs(messaging, 'SendMessage', { QueueUrl, MessageBody, MessageGroupId: 'a', MessageDeduplicationId: MessageBody });
         }
         process.stdout.write('sent');`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await scratch.restart();
    expect(bodiesOf(await receive(scratch, 'killed.fifo'))).toEqual(['1', '2', '3']);
  });
});

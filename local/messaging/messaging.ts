import { mkdirSync } from 'node:fs';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { openLoopback } from '../loopback.ts';
import type { ForwardedRequest, ForwardedResponse } from '../loopback.ts';
import { queueUrlOf } from './identifiers.ts';

/** Messages to be received, those in somebody's hands, and how old the oldest of both is. */
export type QueueContents = { visible: number; inFlight: number; oldestAgeSeconds: number };

export interface Messaging {
  region: string;
  /** Where SNS and SQS answer, e.g. `http://127.0.0.1:40002`. */
  url: string;
  /**
   * Passes a signed call of the SQS JSON or the SNS query protocol on. Queue URLs are AWS's both ways,
   * `https://sqs.REGION.amazonaws.com/000000000000/NAME`.
   */
  forward(request: ForwardedRequest): Promise<ForwardedResponse>;
  /** What a queue holds now; undefined when there is none of that name. Disturbs nothing. */
  look(queueName: string): QueueContents | undefined;
  /** Ends SNS and SQS; long polls under way are answered first, empty. */
  stop(): Promise<void>;
}

const ANSWERS_WITH_QUEUE_URLS = /^AmazonSQS\.(CreateQueue|GetQueueUrl|ListQueues)$/;

/**
 * Starts SNS and SQS in this process, on an ephemeral loopback port, their topics, queues and messages durable in `dataFolder`.
 * They are fauxqs with the mends of local/patches.
 */
export async function startMessaging(options: { dataFolder: string; region: string }): Promise<Messaging> {
  mkdirSync(options.dataFolder, { recursive: true });
  const server = await startFauxqs({
    port: 0,
    logger: false,
    host: 'amazonaws.com',
    defaultRegion: options.region,
    dataDir: options.dataFolder,
  });
  const url = `http://127.0.0.1:${String(server.port)}`;
  const loopback = openLoopback(url);
  return {
    region: options.region,
    url,
    async forward(request) {
      const response = await loopback.post(request);
      const namesQueues = ANSWERS_WITH_QUEUE_URLS.test(String(request.headers['x-amz-target']));
      return namesQueues ? { ...response, body: withAwsQueueUrls(response.body, options.region) } : response;
    },
    look(queueName) {
      const queue = server.inspectQueue(queueName);
      return queue && contentsOf(queueName, queue.messages);
    },
    async stop() {
      await server.stop();
      loopback.close();
    },
  };
}

type Inspected = NonNullable<ReturnType<FauxqsServer['inspectQueue']>>['messages'];

/** A standard queue leaves what was received more often out of its age. */
const mostReceives = 3;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
function contentsOf(queueName: string, { ready, inflight }: Inspected): QueueContents {
  const fifo = queueName.endsWith('.fifo');
  const aging = [...ready, ...inflight.map(({ message }) => message)].filter(
    ({ approximateReceiveCount }) => fifo || approximateReceiveCount <= mostReceives,
  );
  const oldest = aging.reduce((earliest, { sentTimestamp }) => Math.min(earliest, sentTimestamp), Infinity);
  const oldestAgeSeconds = oldest === Infinity ? 0 : Math.max(0, Math.floor((Date.now() - oldest) / 1000));
  return { visible: ready.length, inFlight: inflight.length, oldestAgeSeconds };
}

/** fauxqs remembers a queue's URL with the scheme and port it was created under. */
function withAwsQueueUrls(body: Buffer, region: string): Buffer {
  const url = (value: string) => queueUrlOf(region, value.slice(value.lastIndexOf('/') + 1));
  const answer = JSON.parse(body.toString()) as { QueueUrl?: string; QueueUrls?: string[] };
  return Buffer.from(
    JSON.stringify({
      ...answer,
      ...(answer.QueueUrl !== undefined && { QueueUrl: url(answer.QueueUrl) }),
      ...(answer.QueueUrls && { QueueUrls: answer.QueueUrls.map(url) }),
    }),
  );
}

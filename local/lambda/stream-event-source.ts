import { randomUUID } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { AwsV4Signer } from 'aws4fetch';
import type { EngineClient } from '../dynamodb/client.ts';
import { engineClient } from '../dynamodb/client.ts';
import { readStream, type StreamSettings } from '../dynamodb/streams.ts';
import { roleCredentials } from '../edge/credentials.ts';
import type { Edge } from '../edge/edge.ts';
import type { LambdaFunction } from './function.ts';
import { parallelBatches } from './stream-batches.ts';
import { deliver, type Discarded, type RetryRules, writtenAt } from './stream-delivery.ts';

/** An AWS::Lambda::EventSourceMapping on a table's stream, resolved. */
export type StreamEventSource = RetryRules &
  Pick<
    StreamSettings,
    'tableName' | 'streamArn' | 'startingPosition' | 'checkpointFile' | 'timeToLiveAttribute' | 'swept' | 'batchSize'
  > & {
    /** The queue that is told of records given up. */
    failureQueueUrl?: string;
    /** The events that the function is told of; none named: all. */
    eventNames?: ReadonlySet<string>;
    /** How many batches are handled at once. */
    parallelizationFactor: number;
  };

export type StreamFollower = { ready: Promise<void>; stop(): Promise<void> };

/**
 * Feeds a function from a table's stream as Lambda does: records of one item in order, others side by side.
 * @param clients asking in the name of the function's role
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function followStream(
  source: StreamEventSource,
  target: LambdaFunction,
  clients: { stream: EngineClient; sqs: Pick<SQSClient, 'send'> },
  onError: (error: unknown) => void,
): StreamFollower {
  const stopping = new AbortController();
  // What is cut short by stopping comes again after the next start.
  const report = (error: unknown): void => {
    if (!stopping.signal.aborted) onError(error);
  };
  const reader = readStream({
    ...source,
    client: clients.stream,
    onError: report,
    onBatch: async (records, shardId) => {
      const delivery = {
        invoke: (Records: typeof records) => target.invoke({ Records }),
        stopping: stopping.signal,
        discard: async (discarded: Discarded) => {
          if (!source.failureQueueUrl) return;
          const MessageBody = JSON.stringify(noteOf(discarded, shardId, source, target.definition.functionArn));
          try {
            await clients.sqs.send(new SendMessageCommand({ QueueUrl: source.failureQueueUrl, MessageBody }));
          } catch (error) {
            // AWS counts it (DestinationDeliveryFailures) and goes on, too.
            report(error);
          }
        },
      };
      const wanted = records.filter(({ eventName = '' }) => source.eventNames?.has(eventName) ?? true);
      const batches = parallelBatches(wanted, source.parallelizationFactor);
      await Promise.all(batches.map((batch) => deliver(batch, source, delivery)));
    },
  });
  return {
    ready: reader.ready,
    stop() {
      stopping.abort();
      return reader.stop();
    },
  };
}

/** What an on-failure destination is told: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
function noteOf(
  { records, condition, invocations, response }: Discarded,
  shardId: string,
  { streamArn }: StreamEventSource,
  functionArn: string,
): object {
  const [first, last] = [records.at(0), records.at(-1)];
  const arrival = (record: typeof first): string =>
    new Date((record ? writtenAt(record) : 0) * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return {
    requestContext: { requestId: randomUUID(), functionArn, condition, approximateInvokeCount: invocations },
    ...(response && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null, ...response },
    }),
    version: '1.0',
    timestamp: new Date().toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first?.dynamodb?.SequenceNumber,
      endSequenceNumber: last?.dynamodb?.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: records.length,
      streamArn,
    },
  };
}

/** The rights that creating a mapping asks for: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html */
const readRights = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'];

/**
 * Asks a stream through the edge, signed as a function's role and marked as the platform's. The engine has a name of its own for the stream,
 * so each call says which stream of the template it is about.
 * @throws Error in Lambda's words when the role may not read it
 */
export function streamClient(edge: Edge, role: string, region: string, streamArn: string): EngineClient {
  const needed = readRights.map((right) => ({ action: `dynamodb:${right}`, arn: streamArn }));
  const decision = edge.policies.authorize(role, needed);
  if (!decision.allowed) {
    throw new Error(
      `Cannot access stream ${streamArn}. Please ensure the role can perform the ${readRights.join(', ')} Actions on your ` +
        `stream in IAM. ${decision.message}`,
    );
  }
  const cache = new Map<string, ArrayBuffer>();
  const marks = edge.serviceHeaders({ resource: streamArn });
  return engineClient(edge.url, async (headers, body) => {
    const signer = new AwsV4Signer({
      ...roleCredentials(role),
      url: `${edge.url}/`,
      method: 'POST',
      headers,
      body,
      service: 'dynamodb',
      region,
      cache,
    });
    const signed = await signer.sign();
    return { ...Object.fromEntries(signed.headers), ...marks };
  });
}

import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { timeToLiveAttribute } from '../dynamodb/table-updates.ts';
import { roleCredentials } from '../edge/credentials.ts';
import type { Edge } from '../edge/edge.ts';
import { refuseUnknownProperties } from '../properties.ts';
import type { Tables } from '../cloud/start-tables.ts';
import type { PropertySupport, Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { LambdaFunction } from './function.ts';
import type { Functions } from './functions.ts';
import { type Disorder, pollQueue } from './sqs-event-source.ts';
import { eventNamesOf, type FilterCriteria } from './stream-batches.ts';
import { followStream, streamClient } from './stream-event-source.ts';

const ofAll = {
  BatchSize: 'implemented',
  EventSourceArn: 'implemented',
  FunctionName: 'implemented',
  FunctionResponseTypes: 'implemented',
} as const satisfies Record<string, PropertySupport>;

const ofQueues = { ...ofAll, ScalingConfig: 'implemented' } as const;

const ofStreams = {
  ...ofAll,
  BisectBatchOnFunctionError: 'implemented',
  DestinationConfig: 'implemented',
  FilterCriteria: 'implemented',
  MaximumRecordAgeInSeconds: 'implemented',
  MaximumRetryAttempts: 'implemented',
  ParallelizationFactor: 'implemented',
  StartingPosition: 'implemented',
} as const;

export const eventSourceProperties: SupportedResources = {
  'AWS::Lambda::EventSourceMapping': { ...ofQueues, ...ofStreams },
};

/** Past this many batches at once a laptop only gets slower. */
const maxLocalPollers = 8;

/** GetRecords gives no more at once. */
const maxStreamBatch = 1_000;

type Mapping = {
  EventSourceArn: string;
  FunctionName: string;
  BatchSize?: number;
  FunctionResponseTypes?: string[];
};
type QueueMapping = Mapping & { ScalingConfig?: { MaximumConcurrency?: number } };
type StreamMapping = Mapping & {
  BisectBatchOnFunctionError?: boolean;
  DestinationConfig?: { OnFailure?: { Destination?: string } };
  FilterCriteria?: FilterCriteria;
  MaximumRecordAgeInSeconds?: number;
  MaximumRetryAttempts?: number;
  ParallelizationFactor?: number;
  StartingPosition: 'TRIM_HORIZON' | 'LATEST';
};

export type EventSourceSettings = {
  stack: Stack;
  functions: Functions;
  edge: Edge;
  tables: Pick<Tables, 'swept'>;
  /** Where to remember how far streams were read. */
  dataFolder: string;
  disorder: Disorder;
  onError: (error: unknown) => void;
};

type Running = { ready: Promise<void>; stop(): Promise<void> };

/**
 * Starts the template's event source mappings; each polls with the rights of its function's role, as on AWS. Resolves when nothing that
 * happens from now on can be missed.
 * @throws Error naming a source or property that is not implemented, or a role that may not read its source
 */
export async function startEventSources(settings: EventSourceSettings): Promise<{ stop(): Promise<void> }> {
  const running: Running[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((mapping) => mapping.stop()));
  };
  try {
    for (const resource of settings.stack.ofType('AWS::Lambda::EventSourceMapping')) {
      running.push(startMapping(resource, settings));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  await Promise.all(running.map(({ ready }) => ready));
  return { stop };
}

function startMapping({ logicalId, properties }: StackResource, settings: EventSourceSettings): Running {
  const { stack, functions } = settings;
  const { EventSourceArn, FunctionName } = properties as Mapping;
  const named = stack.ofType('AWS::Lambda::Function').find(({ ref }) => ref === FunctionName);
  const target = functions.get(named?.attributes['Arn'] ?? FunctionName);
  const queue = stack.ofType('AWS::SQS::Queue').find(({ attributes }) => attributes['Arn'] === EventSourceArn);
  const about = `AWS::Lambda::EventSourceMapping ${logicalId}`;
  if (queue) {
    refuseUnknownProperties(about, properties, ofQueues);
    return startPolling(queue, properties as QueueMapping, target, settings);
  }
  const table = stack
    .ofType('AWS::DynamoDB::Table')
    .find(({ attributes }) => attributes['StreamArn'] === EventSourceArn);
  if (!table) throw new Error(`${logicalId} reads ${EventSourceArn}, which is no queue or stream of the template`);
  refuseUnknownProperties(about, properties, ofStreams);
  return startFollowing(table, logicalId, properties as StreamMapping, target, settings);
}

function startPolling(
  queue: StackResource,
  mapping: QueueMapping,
  target: LambdaFunction,
  { stack, edge, disorder }: EventSourceSettings,
): Running {
  const source = {
    queueArn: mapping.EventSourceArn,
    queueUrl: queue.ref,
    fifo: queue.properties['FifoQueue'] === true,
    region: stack.where.region,
    batchSize: mapping.BatchSize ?? 10,
    maximumConcurrency: Math.min(maxLocalPollers, mapping.ScalingConfig?.MaximumConcurrency ?? maxLocalPollers),
    reportBatchItemFailures: reportsFailures(mapping),
  };
  const client = queueClient(edge, stack.where.region, target.definition.name);
  const poller = pollQueue(source, client, target, disorder);
  return {
    // A queue keeps what comes before anyone asks.
    ready: Promise.resolve(),
    async stop() {
      await poller.stop();
      client.destroy();
    },
  };
}

function startFollowing(
  table: StackResource,
  logicalId: string,
  mapping: StreamMapping,
  target: LambdaFunction,
  { stack, edge, tables, dataFolder, onError }: EventSourceSettings,
): Running {
  const { region } = stack.where;
  const role = target.definition.name;
  const stream = streamClient(edge, role, region, mapping.EventSourceArn);
  const sqs = queueClient(edge, region, role);
  const follower = followStream(
    {
      tableName: table.ref,
      streamArn: mapping.EventSourceArn,
      startingPosition: mapping.StartingPosition,
      checkpointFile: join(dataFolder, 'streams', `${logicalId}.json`),
      swept: tables.swept,
      timeToLiveAttribute: timeToLiveAttribute(table.properties),
      batchSize: Math.min(maxStreamBatch, mapping.BatchSize ?? 100),
      maximumRetryAttempts: orInfinite(mapping.MaximumRetryAttempts),
      maximumRecordAgeSeconds: orInfinite(mapping.MaximumRecordAgeInSeconds),
      bisectBatchOnFunctionError: mapping.BisectBatchOnFunctionError ?? false,
      reportBatchItemFailures: reportsFailures(mapping),
      failureQueueUrl: failureQueueOf(mapping, stack),
      eventNames: eventNamesOf(mapping.FilterCriteria),
      parallelizationFactor: mapping.ParallelizationFactor ?? 1,
    },
    target,
    { stream, sqs },
    onError,
  );
  return {
    ready: follower.ready,
    async stop() {
      await follower.stop();
      stream.close();
      sqs.destroy();
    },
  };
}

function reportsFailures({ FunctionResponseTypes = [] }: Mapping): boolean {
  return FunctionResponseTypes.includes('ReportBatchItemFailures');
}

/** -1, the default, stands for no limit. */
function orInfinite(limit = -1): number {
  return limit < 0 ? Infinity : limit;
}

/** Lambda takes topics and more; here a queue of the template is implemented. */
function failureQueueOf({ DestinationConfig }: StreamMapping, stack: Stack): string | undefined {
  const destination = DestinationConfig?.OnFailure?.Destination;
  if (destination === undefined) return undefined;
  const queue = stack.ofType('AWS::SQS::Queue').find(({ attributes }) => attributes['Arn'] === destination);
  if (!queue) throw new Error(`The on-failure destination ${destination} is no queue of the template`);
  return queue.ref;
}

/** A client that signs as the function's role and marks its calls as the platform's. */
function queueClient(edge: Edge, region: string, role: string): SQSClient {
  const client = new SQSClient({
    region,
    endpoint: edge.url,
    credentials: roleCredentials(role),
    useQueueUrlAsEndpoint: false,
    maxAttempts: 1,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      Object.assign(request.headers, edge.serviceHeaders());
      return next(args);
    },
    { step: 'build', name: 'markAsService' },
  );
  return client;
}

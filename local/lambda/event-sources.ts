import { SQSClient } from '@aws-sdk/client-sqs';
import { roleCredentials } from '../edge/credentials.ts';
import type { Edge } from '../edge/edge.ts';
import type { Stack, SupportedResources } from '../template/stack.ts';
import type { Functions } from './functions.ts';
import { type Disorder, pollQueue } from './sqs-event-source.ts';

export const eventSourceProperties: SupportedResources = {
  'AWS::Lambda::EventSourceMapping': {
    BatchSize: 'implemented',
    EventSourceArn: 'implemented',
    FunctionName: 'implemented',
    FunctionResponseTypes: 'implemented',
    ScalingConfig: 'implemented',
  },
};

/** Past this many batches at once a laptop only gets slower. */
const maxLocalPollers = 8;

type Mapping = {
  EventSourceArn: string;
  FunctionName: string;
  BatchSize?: number;
  FunctionResponseTypes?: string[];
  ScalingConfig?: { MaximumConcurrency?: number };
};

/** Starts the template's event source mappings; each polls with the rights of its function's role, as on AWS. */
export function startEventSources(
  stack: Stack,
  functions: Functions,
  edge: Edge,
  disorder: Disorder,
): { stop(): Promise<void> } {
  const queues = new Map(stack.ofType('AWS::SQS::Queue').map((queue) => [queue.attributes['Arn'], queue]));
  const arnOf = new Map(
    stack.ofType('AWS::Lambda::Function').map(({ ref, attributes }) => [ref, attributes['Arn'] ?? '']),
  );
  const running = stack.ofType('AWS::Lambda::EventSourceMapping').map(({ logicalId, properties }) => {
    const mapping = properties as Mapping;
    const queue = queues.get(mapping.EventSourceArn);
    if (!queue) throw new Error(`${logicalId} reads ${mapping.EventSourceArn}, which is no queue of the template`);
    const target = functions.get(arnOf.get(mapping.FunctionName) ?? mapping.FunctionName);
    const source = {
      queueArn: mapping.EventSourceArn,
      queueUrl: queue.ref,
      fifo: queue.properties['FifoQueue'] === true,
      region: stack.where.region,
      batchSize: mapping.BatchSize ?? 10,
      maximumConcurrency: Math.min(maxLocalPollers, mapping.ScalingConfig?.MaximumConcurrency ?? maxLocalPollers),
      reportBatchItemFailures: mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    };
    const client = pollingClient(edge, stack.where.region, target.definition.name);
    return { poller: pollQueue(source, client, target, disorder), client };
  });
  return {
    async stop() {
      await Promise.all(running.map(({ poller }) => poller.stop()));
      for (const { client } of running) client.destroy();
    },
  };
}

/** A client that signs as the function's role and marks its calls as the platform's. */
function pollingClient(edge: Edge, region: string, role: string): SQSClient {
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

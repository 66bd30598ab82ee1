import { join } from 'node:path';
import type { Backend } from '../edge/edge.ts';
import { type Messaging, startMessaging } from '../messaging/messaging.ts';
import { provisionMessaging } from '../messaging/provision.ts';
import { withoutTraceAttribute, withTraceHeader } from '../messaging/trace-headers.ts';
import type { Stack } from '../template/stack.ts';

/** The stack's topics and queues, running: SNS and SQS as backends of the edge. */
export type Queues = { messaging: Messaging; backend: Backend; stop(): Promise<void> };

/** Starts SNS and SQS and brings topics, queues and subscriptions to the template. */
export async function startQueues(stack: Stack, dataFolder: string): Promise<Queues> {
  const messaging = await startMessaging({ dataFolder: join(dataFolder, 'messaging'), region: stack.where.region });
  const named = (type: string, attribute: string) =>
    stack.ofType(type).map(({ attributes, properties }) => ({ name: attributes[attribute] ?? '', properties }));
  await provisionMessaging(messaging, {
    queues: named('AWS::SQS::Queue', 'QueueName'),
    topics: named('AWS::SNS::Topic', 'TopicName'),
    subscriptions: stack.ofType('AWS::SNS::Subscription'),
  });
  return {
    messaging,
    backend: async (call) => withoutTraceAttribute(call, await messaging.forward(withTraceHeader(call))),
    stop: () => messaging.stop(),
  };
}

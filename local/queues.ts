import { join } from 'node:path';
import type { Backend } from './edge/edge.ts';
import { type Messaging, startMessaging } from './messaging/messaging.ts';
import { provisionQueue } from './messaging/queues.ts';
import { provisionSubscription, provisionTopic, removeOtherSubscriptions } from './messaging/topics.ts';
import { plainHeaders } from './loopback.ts';
import type { Stack } from './template/stack.ts';

/** The stack's topics and queues, running: SNS and SQS as backends of the edge. */
export type Queues = { messaging: Messaging; backend: Backend; stop(): Promise<void> };

/** Starts SNS and SQS and brings topics, queues and subscriptions to the template. */
export async function startQueues(stack: Stack, dataFolder: string): Promise<Queues> {
  const messaging = await startMessaging({ dataFolder: join(dataFolder, 'messaging'), region: stack.where.region });
  const queues = stack.ofType('AWS::SQS::Queue');
  // A queue must exist before another one names it as its dead-letter queue.
  const inOrder = [...queues].sort(
    (a, b) => Number('RedrivePolicy' in a.properties) - Number('RedrivePolicy' in b.properties),
  );
  for (const { attributes, properties } of inOrder) {
    await provisionQueue(messaging, attributes['QueueName'] ?? '', properties);
  }
  for (const { attributes, properties } of stack.ofType('AWS::SNS::Topic')) {
    await provisionTopic(messaging, attributes['TopicName'] ?? '', properties);
  }
  const subscriptions: string[] = [];
  for (const { properties } of stack.ofType('AWS::SNS::Subscription')) {
    subscriptions.push(await provisionSubscription(messaging, properties));
  }
  await removeOtherSubscriptions(messaging, subscriptions);
  return {
    messaging,
    async backend(call) {
      const { status, headers, body } = await messaging.forward(call);
      return { status, headers: plainHeaders(headers), body };
    },
    stop: () => messaging.stop(),
  };
}

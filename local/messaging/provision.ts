import { nameInArn } from './identifiers.ts';
import type { Messaging } from './messaging.ts';
import { provisionQueue } from './queues.ts';
import { provisionSubscription, removeOtherSubscriptions } from './subscriptions.ts';
import { provisionTopic } from './topics.ts';

/** A resource of the template with its physical name, its properties' intrinsics resolved. */
export interface NamedResource {
  name: string;
  properties: object;
}

/** Everything in a template that is SNS's or SQS's; policies are not: the edge enforces them. */
export interface MessagingResources {
  queues: NamedResource[];
  topics: NamedResource[];
  subscriptions: { properties: object }[];
}

/**
 * Brings queues, topics and subscriptions to what the template says, each after what it points to, in any order they are given. What is in
 * queues stays there. A subscription that left the template ends; a queue or topic that did stays, and is of no consequence without one.
 * @throws Error naming what is not implemented, or what AWS would refuse
 */
export async function provisionMessaging(messaging: Messaging, resources: MessagingResources): Promise<void> {
  for (const { name, properties } of deadLetterQueuesFirst(resources.queues)) {
    await provisionQueue(messaging, name, properties);
  }
  for (const { name, properties } of resources.topics) {
    await provisionTopic(messaging, name, properties);
  }
  const subscriptions: string[] = [];
  for (const { properties } of resources.subscriptions) {
    subscriptions.push(await provisionSubscription(messaging, properties));
  }
  await removeOtherSubscriptions(messaging, subscriptions);
}

function deadLetterQueuesFirst(queues: NamedResource[]): NamedResource[] {
  const ordered: NamedResource[] = [];
  const waiting = [...queues];
  while (waiting.length > 0) {
    const next = waiting.findIndex((queue) => !waiting.some(({ name }) => name === deadLetterQueueOf(queue)));
    if (next === -1) {
      throw new Error(`Queues ${waiting.map(({ name }) => name).join(', ')} are dead-letter queues of each other.`);
    }
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}

function deadLetterQueueOf({ properties }: NamedResource): string | undefined {
  const { RedrivePolicy } = properties as { RedrivePolicy?: { deadLetterTargetArn?: string } };
  return RedrivePolicy?.deadLetterTargetArn && nameInArn(RedrivePolicy.deadLetterTargetArn);
}

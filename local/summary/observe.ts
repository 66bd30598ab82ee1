import type { CloudWatch } from '../cloudwatch/cloudwatch.ts';
import type { WebSocketApi } from '../gateway/websocket-api.ts';
import type { Messaging } from '../messaging/messaging.ts';
import type { Tables } from '../cloud/start-tables.ts';
import type { Stack } from '../template/stack.ts';
import type { Observed } from './observed.ts';
import { waitingLettersOf } from './waiting-letters.ts';

type Parts = {
  stack: Stack;
  tables: Pick<Tables, 'client'>;
  cloudWatch: Pick<CloudWatch, 'metrics' | 'alarms'>;
  webSockets: Pick<WebSocketApi, 'size'>;
  messaging: Pick<Messaging, 'look'>;
};

/** What the parts of a cloud know, in the words of people. */
export function observe({ stack, tables, cloudWatch, webSockets, messaging }: Parts): Observed {
  const queues = stack.ofType('AWS::SQS::Queue').map(({ logicalId, attributes }) => ({
    queueName: attributes['QueueName'] ?? '',
    name: wordsOf(logicalId),
  }));
  return {
    metrics: cloudWatch.metrics,
    connections: () => webSockets.size,
    queues: () =>
      queues.map(({ queueName, name }) => {
        const { visible, inFlight } = messaging.look(queueName) ?? { visible: 0, inFlight: 0 };
        return { name, depth: visible + inFlight };
      }),
    waitingLetters: waitingLettersOf(stack, tables.client),
    ringing: () =>
      cloudWatch.alarms
        .list()
        .filter(({ state }) => state === 'ALARM')
        .map(({ name }) => name.replace(`${stack.where.stackName}-`, '')),
  };
}

/** `MessagingFanOutQueue9E7EBAED`, which CDK made of a path, is `fan out`. */
function wordsOf(logicalId: string): string {
  const path = logicalId.replace(/[0-9A-F]{8}$/, '').replace(/^Messaging/, '');
  return path
    .replace(/Queue$/, '')
    .replace(/\B[A-Z]/g, ' $&')
    .toLowerCase();
}

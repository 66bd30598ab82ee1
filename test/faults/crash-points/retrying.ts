import type { FaultRule } from '../../setup/edge-control.ts';
import { TestSocket } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';
import { type Crowd, grant } from './crowd.ts';
import { framesOf, goneRow } from './processing.ts';
import type { Scenario, Trial, World } from './scenario.ts';
import { Talk } from './talk.ts';
import type { WorkQueues } from './work-queues.ts';

const retryQueue = 'MessagingDeliveryRetryQueue';
const retry = { role: 'delivery-retry', service: 'execute-api', action: 'PostToConnection' };
const failed = { error: 'InternalServerError', statusCode: 500 };

/** Trying again what one connection missed: it arrives, or the connection is closed for its client to come back and ask. */
export function retrying(world: World, crowd: Crowd, queues: WorkQueues): Scenario[] {
  const left = async (): Promise<void> => {
    await until('the retry queue to be empty', async () => (await queues.held(retryQueue)) === 0, 120_000);
  };

  /** Frames that nobody of the crowd has had, one entry each. */
  const delivering = (
    of: string,
    more: { besides?: (chatId: string, connectionId: string) => FaultRule[]; only?: string[] } = {},
  ): Scenario => ({
    role: 'delivery-retry',
    of,
    atOnce: 1,
    ...(more.only && { only: more.only }),
    async arrange(chatIds) {
      await crowd.join(chatIds);
      return Promise.all(
        chatIds.map(async (chatId): Promise<Trial> => {
          const said = new Talk(world, crowd, chatId, 'numbered', 2);
          const frames = framesOf(said);
          const rows = await world.tables.rows('Subscriptions', 'chatId', chatId);
          const listening = rows.filter(({ userId }) => userId !== world.api.userId('ada'));
          const addresses = [...listening, ...rows.filter((row) => !listening.includes(row))].map((row) => ({
            connectionId: String(row['connectionId']),
            subscriber: String(row['subscriber']),
          }));
          return {
            about: chatId,
            besides: more.besides?.(chatId, addresses[0]?.connectionId ?? '') ?? [],
            async give() {
              await said.store();
              await queues.put(
                retryQueue,
                addresses.map((address) => JSON.stringify({ chatId, ...address, frames })),
              );
            },
            over: left,
            breaches: () => said.breaches(),
          };
        }),
      );
    },
  });

  return [
    { ...delivering('frames'), queued: true },
    delivering('half of it fails', {
      besides: (about, connectionId) => [
        { ...retry, about, resource: `arn:*/POST/@connections/${connectionId}`, skip: 1, times: 1, fault: failed },
      ],
      only: ['SendMessageBatch'],
    }),
    delivering('a post fails', {
      besides: (about) => [{ ...retry, about, times: 1, fault: failed }],
      only: ['ChangeMessageVisibilityBatch'],
    }),
    givingUp(world, queues, left),
    gone(world, queues, left),
  ];
}

/** A connection that takes nothing is closed after five tries, and none of its rows stays for ever. */
function givingUp(world: World, queues: WorkQueues, left: () => Promise<void>): Scenario {
  return {
    role: 'delivery-retry',
    of: 'giving up',
    atOnce: 12,
    only: ['DeleteConnection', 'Query', 'BatchWriteItem'],
    async arrange(chatIds) {
      await grant(world, chatIds, ['vera']);
      return chatIds.map((chatId): Trial => {
        let socket: TestSocket | undefined;
        return {
          about: chatId,
          async give() {
            socket = await TestSocket.openAs(world.api.outputs, 'vera', chatId);
            const [row] = await world.tables.rows('Subscriptions', 'chatId', chatId);
            const { connectionId, subscriber } = row as { connectionId: string; subscriber: string };
            // By its connection: a post on its way when its invocation ends is about no chat any more.
            await world.stage.edge.break({
              ...retry,
              resource: `arn:*/POST/@connections/${connectionId}`,
              fault: failed,
            });
            await queues.put(retryQueue, [JSON.stringify({ chatId, connectionId, subscriber, frames: ['{}'] })]);
            await socket.closed();
          },
          over: left,
          async breaches() {
            const rows = await world.tables.rows('Subscriptions', 'chatId', chatId);
            return [
              ...(socket && socket.messages().length > 0
                ? [`it took ${socket.messages().length} messages that it was not to take`]
                : []),
              ...(rows.length > 0 ? ['rows of a closed connection are there'] : []),
            ];
          },
        };
      });
    },
  };
}

/** A connection that is no more. */
function gone(world: World, queues: WorkQueues, left: () => Promise<void>): Scenario {
  return {
    role: 'delivery-retry',
    of: 'a connection is gone',
    atOnce: 1,
    only: ['Query', 'BatchWriteItem'],
    async arrange(chatIds) {
      const rows = chatIds.map((chatId) => ({ ...goneRow(world, chatId), connectionId: `gone-${chatId}` }));
      await world.tables.fill('Subscriptions', rows);
      return rows.map((row): Trial => {
        const { chatId, connectionId, subscriber } = row as unknown as Record<
          'chatId' | 'connectionId' | 'subscriber',
          string
        >;
        return {
          about: chatId,
          give: () => queues.put(retryQueue, [JSON.stringify({ chatId, connectionId, subscriber, frames: ['{}'] })]),
          over: left,
          async breaches() {
            const stay = await world.tables.rows('Subscriptions', 'chatId', chatId);
            return stay.length > 0 ? ['rows of a gone connection are there'] : [];
          },
        };
      });
    },
  };
}

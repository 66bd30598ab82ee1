import type { FaultRule } from '../../setup/edge-control.ts';
import { until } from '../../setup/until.ts';
import type { QueueRecord } from '../../integration/model/queues.ts';
import { announcementsIn, PartGroup } from '../../integration/multipart/part-group.ts';
import { subscriberKey } from '../../../functions/domain/connecting/subscriber.ts';
import { readEnvelope } from '../../../functions/domain/protocol/envelope.ts';
import { messageFrame } from '../../../functions/domain/protocol/frames.ts';
import { slotCount } from '../../../functions/domain/delivery/large-chats.ts';
import type { Crowd } from './crowd.ts';
import type { Scenario, Trial, World } from './scenario.ts';
import { headOf, type Manner, numberBreaches, Talk } from './talk.ts';
import type { WorkQueues } from './work-queues.ts';

const processor = { role: 'message-processor', times: 1 };
const failed = { error: 'AccessDeniedException', statusCode: 400 };

/** What has to go wrong beforehand, so that the processor makes the calls of a failure's path. */
type Besides = (chatId: string) => Promise<FaultRule[]> | FaultRule[];

/**
 * Taking messages from the queues to history and to those who listen, each way they travel; and what follows from parts.
 *
 * @returns what the standard queue brings, and what the FIFO queue does.
 */
export function processing(world: World, crowd: Crowd, queues: WorkQueues): [Scenario[], Scenario[]] {
  const talk = (
    of: string,
    manner: Manner,
    more: { besides?: Besides; only?: string[]; poison?: boolean } = {},
  ): Scenario => ({
    role: 'message-processor',
    of,
    atOnce: 1,
    ...(more.only && { only: more.only }),
    async arrange(chatIds) {
      await crowd.join(chatIds);
      return Promise.all(
        chatIds.map(async (chatId): Promise<Trial> => {
          const said = new Talk(world, crowd, chatId, manner, manner === 'standard' ? 1 : 3);
          const poison = more.poison ? [poisonFor(chatId)] : [];
          const [first, ...others] = said.records();
          const records = first ? [first, ...poison, ...others] : [];
          return {
            about: chatId,
            besides: (await more.besides?.(chatId)) ?? [],
            give: () => world.queues.deliver(records),
            over: () => processed(world, said),
            breaches: async () => [
              ...(await said.breaches()),
              ...(await letterBreaches(
                world,
                poison.map(({ body }) => body),
              )),
            ],
          };
        }),
      );
    },
  });

  const onStandard = [
    { ...talk('standard', 'standard'), queued: true as const },
    large(world, crowd, queues),
    parts(world, crowd, 'multipart-completion', 'standard', { atOnce: 4 }),
  ];
  const onFifo = [
    talk('fifo', 'fifo'),
    { ...talk('numbered', 'numbered'), queued: true as const },
    talk('a commit fails', 'numbered', {
      besides: (chatId) => [
        { ...processor, service: 'dynamodb', action: 'TransactWriteItems', about: chatId, fault: failed },
      ],
      only: ['ChangeMessageVisibilityBatch'],
    }),
    talk('a post fails', 'numbered', {
      besides: (chatId) => [
        { ...processor, service: 'execute-api', action: 'PostToConnection', about: chatId, fault: failed },
      ],
      only: ['SendMessageBatch'],
    }),
    talk('one is unreadable', 'numbered', { poison: true, only: ['TransactWriteItems', 'SendMessage'] }),
    gone(world, crowd),
    parts(world, crowd, 'message-processor', 'numbered', { only: ['TransactWriteItems', 'StartExecution'] }),
    parts(world, crowd, 'multipart-completion', 'numbered', { atOnce: 4 }),
  ];
  return [onStandard, onFifo];
}

/** Waits until everyone has heard it and the queues are done with it. */
async function processed(world: World, talk: Talk): Promise<void> {
  await until('it to be heard', () => talk.isHeard());
  await until('the queues to be empty', () => world.queues.areEmpty());
}

/** A record that its chat's group holds, and that nobody can read. */
function poisonFor(chatId: string): QueueRecord {
  return { lane: 'Fifo', groupId: chatId, body: `no envelope, in the group of ${chatId}` };
}

/** Each body is recorded as a dead letter, once. */
async function letterBreaches({ stage }: World, bodies: readonly string[]): Promise<string[]> {
  if (bodies.length === 0) return [];
  const letters = await stage.outside.letters('fifo');
  return bodies.flatMap((body) => {
    const count = letters.filter((letter) => letter['body'] === body).length;
    return count === 1 ? [] : [`the unreadable one is ${count} dead letters`];
  });
}

/** A row of a connection that is no more: the post that finds out takes it away. */
function gone(world: World, crowd: Crowd): Scenario {
  return {
    role: 'message-processor',
    of: 'a connection is gone',
    atOnce: 1,
    only: ['BatchWriteItem'],
    async arrange(chatIds) {
      await crowd.join(chatIds);
      await world.tables.fill(
        'Subscriptions',
        chatIds.map((chatId) => goneRow(world, chatId)),
      );
      return chatIds.map((chatId): Trial => {
        const said = new Talk(world, crowd, chatId, 'fifo', 2);
        return {
          about: chatId,
          give: () => world.queues.deliver(said.records()),
          over: () => processed(world, said),
          breaches: () => said.breaches(),
        };
      });
    },
  };
}

/** The row of a connection that has been gone for long, and that DynamoDB would delete some day. */
export function goneRow({ api }: World, chatId: string): Record<string, unknown> {
  const userId = api.userId('vera');
  const now = Math.floor(Date.now() / 1000);
  return {
    chatId,
    subscriber: subscriberKey(userId, 'gone'),
    connectionId: 'gone',
    userId,
    frames: 'single',
    connectedAt: new Date(0).toISOString(),
    accessExpiresAt: now + 3_600,
    expiresAt: now + 3_600,
  };
}

/** A chat whose subscribers are served by workers: the processor hands each slot its job. */
function large(world: World, crowd: Crowd, queues: WorkQueues): Scenario {
  return {
    role: 'message-processor',
    of: 'a large chat',
    atOnce: 1,
    alike: true,
    only: ['SendMessageBatch'],
    async arrange(chatIds) {
      await crowd.join(chatIds);
      const since = new Date().toISOString();
      await world.tables.fill(
        'Subscriptions',
        chatIds.map((chatId) => ({ chatId, subscriber: '!large', since })),
      );
      return chatIds.map((chatId): Trial => {
        const said = new Talk(world, crowd, chatId, 'standard', 1);
        return {
          about: chatId,
          give: () => world.queues.deliver(said.records()),
          async over() {
            await processed(world, said);
            await until('the slots to be served', async () => (await queues.held('MessagingFanOutQueue')) === 0);
          },
          breaches: () => said.breaches(),
        };
      });
    },
  };
}

/** A group of parts and its announcement, which is one message however often anything is tried. */
function parts(
  world: World,
  crowd: Crowd,
  role: string,
  kind: 'standard' | 'numbered',
  { atOnce = 1, only }: { atOnce?: number; only?: string[] },
): Scenario {
  return {
    role,
    of: `${kind} parts`,
    atOnce,
    ...(only && { only }),
    async arrange(chatIds) {
      await crowd.join(chatIds);
      return chatIds.map((chatId): Trial => {
        const senderId = world.api.userId('bob');
        const group = new PartGroup({ chatId, groupId: 'a file', totalParts: 2, senderId, kind });
        const isAnnounced = (): boolean => crowd.listeners.every((app) => app.heard(chatId).length >= 3);
        return {
          about: chatId,
          give: () => world.queues.deliver(group.records()),
          async over() {
            await until('the announcement', isAnnounced);
            await until('the queues to be empty', () => world.queues.areEmpty());
            await until('its group to be concluded', async () => (await groupBreaches(world, group)).length === 0);
          },
          async breaches() {
            if (!isAnnounced()) return ['not everybody has heard the announcement'];
            return [
              ...(await groupBreaches(world, group)),
              ...crowd.listeners.flatMap((app) => {
                const heard = app
                  .heard(chatId)
                  .map(({ eventType }) => eventType)
                  .join();
                return heard === 'file,file,multipart.completed' ? [] : [`${app.username} heard ${heard}`];
              }),
              ...crowd.breaches(chatId),
            ];
          },
        };
      });
    },
  };
}

async function groupBreaches(world: World, { chatId, groupId, messageIds }: PartGroup): Promise<string[]> {
  const history = await world.stage.outside.history(chatId);
  const [row] = (await world.tables.rows('MultiPart', 'group', `${chatId}#${groupId}`)).filter(
    ({ item }) => item === 'group',
  );
  const announced = announcementsIn(history).map(({ eventType, content }) => JSON.stringify([eventType, content]));
  const expected = JSON.stringify(['multipart.completed', { groupId, totalParts: 2, messageIds }]);
  return [
    ...numberBreaches(history, await headOf(world, chatId)),
    ...(announced.join() === expected ? [] : [`announced: ${announced.join()}`]),
    ...(row?.['status'] === 'completed' && row['openShard'] === undefined
      ? []
      : [`the group is ${JSON.stringify(row)}`]),
  ];
}

/** Whose job it is to post to the subscribers of one slot of a large chat. */
export function fanningOut(world: World, crowd: Crowd, queues: WorkQueues): Scenario[] {
  const worker = { role: 'fan-out', times: 1 };
  const serving = (of: string, more: { besides?: Besides; only?: string[]; gone?: true } = {}): Scenario => ({
    role: 'fan-out',
    of,
    atOnce: 1,
    ...(more.only && { only: more.only }),
    async arrange(chatIds) {
      await crowd.join(chatIds);
      if (more.gone)
        await world.tables.fill(
          'Subscriptions',
          chatIds.map((chatId) => goneRow(world, chatId)),
        );
      return Promise.all(chatIds.map((chatId) => slotTrial(world, crowd, queues, chatId, more)));
    },
  });
  return [
    { ...serving('a slot'), queued: true },
    serving('a post fails', {
      besides: (about) => [{ ...worker, service: 'execute-api', action: 'PostToConnection', about, fault: failed }],
      only: ['SendMessageBatch'],
    }),
    serving('a slot cannot be read', {
      besides: (about) => [{ ...worker, service: 'dynamodb', action: 'Query', about, fault: failed }],
      only: ['ChangeMessageVisibilityBatch'],
    }),
    serving('a connection is gone', { gone: true, only: ['BatchWriteItem'] }),
  ];
}

/** Jobs of all slots that anybody of the crowd is in, in one call. */
async function slotTrial(
  world: World,
  crowd: Crowd,
  queues: WorkQueues,
  chatId: string,
  { besides, gone: withGone }: { besides?: Besides; gone?: true },
): Promise<Trial> {
  const said = new Talk(world, crowd, chatId, 'numbered', 2);
  const people = ['bob', 'carol', 'ada', ...(withGone ? ['vera'] : [])];
  const slots = [...new Set(people.map((name) => slotOf(world.api.userId(name))))];
  const frames = framesOf(said);
  return {
    about: chatId,
    besides: (await besides?.(chatId)) ?? [],
    async give() {
      await said.store();
      await Promise.all(
        slots.map((slot) =>
          queues.put(
            'MessagingFanOutQueue',
            [JSON.stringify({ chatId, slot, frames, ordered: true })],
            `${chatId}-${slot}`,
          ),
        ),
      );
    },
    async over() {
      await until('it to be heard', () => said.isHeard());
      await until('the slots to be served', async () => (await queues.held('MessagingFanOutQueue')) === 0);
    },
    breaches: () => said.breaches(),
  };
}

/** The frames the processor would post once it has given the messages their numbers. */
export function framesOf(talk: Talk): string[] {
  const transport = { messageId: 'of the queue', sequenceNumber: '1', retryCount: 0 };
  return talk.records().map(({ body }, index) => messageFrame(readEnvelope(body), transport, index + 1));
}

function slotOf(userId: string): number {
  return Math.floor(parseInt(subscriberKey(userId, '').slice(0, 2), 16) / (256 / slotCount));
}

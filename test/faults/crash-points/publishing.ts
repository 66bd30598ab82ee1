import { ulid } from 'ulid';
import { ServiceError } from '../../../client/index.ts';
import { until } from '../../setup/until.ts';
import type { Crowd } from './crowd.ts';
import type { Scenario, Trial, World } from './scenario.ts';
import { headOf, numberBreaches } from './talk.ts';

type Sent = { messageId: string; status: number };
type Send = (chatId: string, messageId: string, content: string) => Promise<Sent>;

/**
 * A message over each way in; then, when history has it, the same again, which changes nothing, and another under its id, which is
 * refused.
 */
export function publishing(world: World, crowd: Crowd): Scenario[] {
  return [
    over(world, crowd, 'p2p-websocket-publisher', async (chatId, messageId, content) => {
      const [bob] = crowd.listeners;
      if (!bob) throw new Error('Nobody is there to send');
      try {
        const message = { chatId, messageId, eventType: 'chat', content, generateSequence: true };
        return { status: 200, messageId: (await bob.client.send(message)).messageId };
      } catch (error) {
        if (error instanceof ServiceError) return { status: error.statusCode, messageId: '' };
        throw error;
      }
    }),
    over(world, crowd, 'a2p-http-publisher', (chatId, messageId, content) =>
      until('an answer', async () => {
        const response = await fetch(new URL('publish', `${world.api.outputs.httpUrl}/`), {
          method: 'POST',
          headers: { authorization: `Bearer ${await world.api.token('bob')}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            ...{ targetChannel: 'WebSocket', messageType: 'fifo', generateSequence: true, messageId },
            payload: { chatId, eventType: 'chat', content },
          }),
        });
        const reply = (await response.json()) as { messageId?: string };
        return response.status >= 500 ? undefined : { status: response.status, messageId: reply.messageId ?? '' };
      }),
    ),
  ];
}

function over(world: World, crowd: Crowd, role: string, send: Send): Scenario {
  return {
    role,
    of: 'a message, again, and another',
    atOnce: 8,
    async arrange(chatIds) {
      await crowd.join(chatIds);
      return chatIds.map((chatId): Trial => {
        const messageId = ulid();
        let answers: Sent[] = [];
        return {
          about: chatId,
          async give() {
            const first = await send(chatId, messageId, 'hello');
            await until('it to be in history', async () => (await world.stage.outside.history(chatId)).length > 0);
            answers = [first, await send(chatId, messageId, 'hello'), await send(chatId, messageId, 'another')];
          },
          async breaches() {
            const told = JSON.stringify(answers.map(({ status, messageId: id }) => [status, id]));
            const expected = JSON.stringify([
              [200, messageId],
              [200, messageId],
              [409, ''],
            ]);
            const history = await world.stage.outside.history(chatId);
            const published = world.queues.publishedTo(chatId).length;
            return [
              ...(told === expected ? [] : [`answered ${told}`]),
              ...(published === 1 ? [] : [`the topic gave it out ${published} times`]),
              ...numberBreaches(history, await headOf(world, chatId)),
              ...(history.map((row) => row['messageId']).join() === messageId
                ? []
                : [`history has ${history.length} messages`]),
              ...crowd.listeners.flatMap((app) => {
                const heard = app.heard(chatId).map((message) => message.messageId);
                return heard.join() === messageId ? [] : [`${app.username} heard [${heard.join(' ')}]`];
              }),
              ...crowd.breaches(chatId),
            ];
          },
        };
      });
    },
  };
}

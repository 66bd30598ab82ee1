import { signIn } from '../../setup/sign-in.ts';
import type { Stage } from '../../setup/stage.ts';
import type { Frame, TestSocket } from '../../setup/socket.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';

const inTenMinutes = (): number => Math.floor(Date.now() / 1000) + 600;
const refused = { error: 'AccessDeniedException', statusCode: 400 };

function succeeded(reply: Frame): Frame {
  if (reply['type'] === 'error') throw new Error(`Answered ${JSON.stringify(reply)}`);
  return reply;
}

/** Publishing over both ways in, standard and FIFO, with and without an id and a number of one's own. */
export async function publishBothWays(stage: Stage): Promise<void> {
  const chatId = 'privilege';
  const bob = await stage.listen('bob', chatId);
  const message = { targetChannel: 'WebSocket', payload: { chatId, eventType: 'chat', content: 'hello' } };
  const [messageId, otherId] = [stage.newMessageId(), stage.newMessageId()];
  succeeded(await bob.request({ action: 'sendMessage', ...message }));
  succeeded(await bob.request({ action: 'sendMessage', ...message, messageType: 'fifo', messageId }));
  const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
  for (const more of [{}, { messageType: 'fifo', generateSequence: true, messageId: otherId }]) {
    const response = await fetch(new URL('publish', `${stage.cloud.outputs.httpUrl}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...message, ...more }),
    });
    if (!response.ok) throw new Error(`POST /publish answered ${response.status} ${await response.text()}`);
  }
  await bob.collect((frame) => frame['chatId'] === chatId, 4);
  await bob.close();
}

/** Every action of a live socket. The permission ends before the token does, which $connect and subscribe note in the row. */
export async function useASocket(stage: Stage): Promise<void> {
  const chatId = 'privilege-socket';
  await stage.outside.grant(chatId, ['carol'], { expiresAt: inTenMinutes() });
  const carol = await stage.open('carol', chatId);
  await stage.publish('Fifo', chatId, ['one', 'two'], { generateSequence: true });
  const [first] = await carol.collect((frame) => frame['chatId'] === chatId, 2);
  const { accessToken: token } = await signIn(stage.cloud.outputs, 'carol');
  const requests = [
    { action: 'unsubscribe', chatIds: [chatId] },
    { action: 'subscribe', chatIds: [chatId] },
    { action: 'ping', positions: { [chatId]: 1 } },
    { action: 'replay', chatId, fromSequence: 1 },
    { action: 'replay', chatId, afterMessageId: first?.['messageId'] },
    { action: 'authenticate', token },
  ];
  for (const request of requests) succeeded(await carol.request(request));
  await until('the last action’s rows', async () => (await stage.outside.connectionsOf('carol')).length === 1);
  await carol.close();
}

/** Subscribing where things are not as usual: history is behind its chat's head, or the token's end changes in the middle of it. */
export async function subscribeInOddCases(stage: Stage): Promise<void> {
  const [forgotten, changing] = ['privilege-forgotten', 'privilege-changing'];
  const tables = await Tables.of(stage.cloud.outputs);
  await tables.put('Chats', { chatId: forgotten, sequence: 5 });
  await stage.outside.grant(forgotten, ['carol']);
  await stage.outside.grant(changing, ['carol']);
  const carol = await stage.open('carol');
  const [connectionId] = (await stage.outside.connectionsOf('carol')).slice(-1);
  succeeded(await carol.request({ action: 'subscribe', chatIds: [forgotten] }));

  const write = { service: 'dynamodb', action: 'TransactWriteItems', role: 'subscription', times: 1 };
  await stage.edge.break({ ...write, fault: { delayMs: 1_000 } });
  const subscribed = carol.request({ action: 'subscribe', chatIds: [changing] });
  await until('the row on its way', async () => (await stage.edge.faults()).some(({ struck }) => struck > 0));
  await tables.set('Connections', { connectionId }, { tokenExpiresAt: inTenMinutes() });
  succeeded(await subscribed);
  await stage.edge.mend();
  tables.close();
  await carol.close();
}

/** Messages and commits that fail, in both lanes, until they are dead letters. */
export async function failToProcess(stage: Stage): Promise<void> {
  const bob = await stage.listen('bob', 'privilege-failing');
  for (const lane of ['Standard', 'Fifo'] as const) {
    await stage.outside.publish(lane, [{ body: 'poison', groupId: 'poison' }]);
    const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor', times: 1 };
    await stage.edge.break({ ...commits, fault: refused });
    await stage.publish(lane, 'privilege-failing', [`again in ${lane}`]);
    await bob.next(({ content }) => content === `again in ${lane}`);
    await stage.edge.mend();
    await until('the dead letter', async () => (await stage.outside.deadLetters(lane)).length > 0);
  }
  await bob.close();
}

/** A socket that is gone, and one that fails until it is closed. */
export async function failToDeliver(stage: Stage): Promise<void> {
  const chatId = 'privilege-sockets';
  const failing = await stage.listen('bob', chatId);
  const leaving = await stage.listen('vera', chatId);
  const [connectionId = ''] = (await stage.outside.connectionsOf('bob')).slice(-1);
  await stage.grownUp();
  await stage.edge.break({ service: 'dynamodb', action: 'Query', role: 'connection', fault: refused });
  await leaving.close();
  await until('the failed $disconnect', async () => (await stage.edge.faults()).some(({ struck }) => struck > 0));
  await stage.edge.mend();
  await stage.edge.break({
    service: 'execute-api',
    resource: `arn:*/POST/@connections/${connectionId}`,
    fault: { error: 'InternalServerError', statusCode: 500 },
  });
  await stage.publish('Fifo', chatId, ['to one who fails and one who is gone']);
  await failing.closed();
  await stage.edge.mend();
  await until('rows to go', async () => (await stage.outside.rows('Subscriptions', { chatId })).length === 0);
}

/** A socket that takes one frame and not the next: what is left of several goes back to the retry queue. */
export async function failInBetween(stage: Stage): Promise<void> {
  const chatId = 'privilege-between';
  const bob = await stage.listen('bob', chatId);
  const post = { service: 'execute-api', action: 'PostToConnection', times: 1 };
  const fault = { error: 'InternalServerError', statusCode: 500 };
  for (let round = 0; (await stage.edge.count('delivery-retry', 'SendMessageBatch')) === 0; round += 1) {
    await stage.edge.mend();
    await stage.edge.break({ ...post, role: 'message-processor', fault });
    await stage.edge.break({ ...post, role: 'delivery-retry', skip: 1, fault });
    const contents = Array.from({ length: 10 }, (_, index) => `round ${round}, message ${index}`);
    await stage.publish('Fifo', chatId, contents);
    await until('every message', () =>
      contents.every((each) => bob.messages().some(({ content }) => content === each)),
    );
  }
  await stage.edge.mend();
  await bob.close();
}

/** A socket that fails while the retry queue takes nothing: it is closed, and its client would come back and replay. */
export async function failToHandOver(stage: Stage): Promise<void> {
  const chatId = 'privilege-hand-over';
  const bob = await stage.listen('bob', chatId);
  await breakDelivery(stage, 'message-processor');
  await stage.publish('Fifo', chatId, ['to one who fails, past a queue that fails']);
  await bob.closed();
  await stage.edge.mend();
}

/** Posts of a function fail, and so does the queue that would take what they had. */
export async function breakDelivery(stage: Stage, role: string): Promise<void> {
  const failed = { error: 'InternalServerError', statusCode: 500 };
  await stage.edge.break({ service: 'execute-api', action: 'PostToConnection', role, fault: failed });
  await stage.edge.break({ service: 'sqs', action: 'SendMessageBatch', role, fault: refused });
}

/** Opening and closing a socket with nothing in between. */
export async function comeAndGo(stage: Stage): Promise<void> {
  const socket: TestSocket = await stage.listen('vera', 'privilege-visit');
  await socket.close();
  await until('its rows to go', async () => (await stage.outside.connectionsOf('vera')).length === 0);
}

/** Groups of parts over both ways in and both topics: one that is full, one that is given up. */
export async function concludeGroups(stage: Stage): Promise<void> {
  const chatId = 'privilege-parts';
  const bob = await stage.listen('bob', chatId);
  const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
  const part = (groupId: string, totalParts: number, messageType: string): Frame => ({
    ...{ targetChannel: 'WebSocket', messageType },
    payload: { chatId, eventType: 'file', content: groupId, multiPartMetadata: { groupId, totalParts, partNumber: 1 } },
  });
  succeeded(await bob.request({ action: 'sendMessage', ...part('full', 1, 'standard') }));
  const response = await fetch(new URL('publish', `${stage.cloud.outputs.httpUrl}/`), {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(part('given up', 2, 'fifo')),
  });
  if (!response.ok) throw new Error(`POST /publish answered ${response.status} ${await response.text()}`);
  for (const eventType of ['multipart.completed', 'multipart.incomplete']) {
    await bob.next((frame) => frame['eventType'] === eventType, eventType);
  }
  await bob.close();
}

import { type Cloud, startCloud } from '../setup/cloud.ts';
import { signIn } from '../setup/sign-in.ts';
import { TestSocket } from '../setup/socket.ts';

/** A backend's own token, by client credentials. */
async function machineToken({ outputs }: Cloud): Promise<{ token: string; clientId: string }> {
  const { machine } = outputs;
  if (!machine) throw new Error('These outputs have no machine client');
  const response = await fetch(machine.tokenUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${machine.clientId}:${machine.clientSecret}`).toString('base64')}`,
    },
    body: 'grant_type=client_credentials',
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { token, clientId: machine.clientId };
}

describe('a machine’s token publishes, and does no more', () => {
  let cloud: Cloud;
  let token: string;
  let clientId: string;

  beforeAll(async () => {
    cloud = await startCloud();
    ({ token, clientId } = await machineToken(cloud));
  });
  afterAll(() => cloud.stop());

  function ask(path: string, body: unknown, bearer = token): Promise<Response> {
    return fetch(`${cloud.outputs.httpUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
  const message = {
    targetChannel: 'WebSocket',
    messageType: 'fifo',
    payload: { chatId: 'chat-123', eventType: 'order.shipped', content: 'It is on its way' },
  };

  test('it publishes to a chat as its client id, once that has a permission', async () => {
    expect((await ask('/publish', message)).status).toBe(403);
    const ada = await signIn(cloud.outputs, 'ada');
    const granted = await ask('/permissions', { targetUserId: clientId, chatId: 'chat-123' }, ada.accessToken);
    expect(granted.status).toBe(201);
    const carol = await TestSocket.openAs(cloud.outputs, 'carol', 'chat-123');
    expect((await ask('/publish', message)).status).toBe(200);
    const frame = await carol.next(({ eventType }) => eventType === 'order.shipped');
    expect(frame['senderId']).toBe(clientId);
    await carol.close();
  });

  test('it neither grants nor reads permissions', async () => {
    const answer = await ask('/permissions', { targetUserId: clientId, chatId: clientId });
    expect(answer.status).toBe(401);
  });

  test('GraphQL does not take it', async () => {
    const answer = await ask('/graphql', { query: 'mutation { createChat(chatId: "mine") { chatId } }' });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ errors: [{ errorType: 'UnauthorizedException' }] });
  });
});

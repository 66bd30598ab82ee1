import { WebSocket } from 'ws';
import { subscriberKey } from '../../../functions/domain/connecting/subscriber.ts';
import { type Client, createClient, type Message } from '../../../client/index.ts';
import { TestSocket } from '../../setup/socket.ts';
import { until } from '../../setup/until.ts';
import type { World } from './scenario.ts';

/** A person's app: the client library, which does what clients do when something fails. */
export class App {
  readonly username: string;
  readonly client: Client;
  /** What the library gave, by chat. */
  readonly #heard = new Map<string, Message[]>();
  /** What must never happen here, as it happened. */
  readonly surprises: string[] = [];

  constructor({ api }: Pick<World, 'api'>, username: string, frames: 'single' | 'batch' = 'single') {
    this.username = username;
    this.client = createClient({
      url: api.outputs.webSocketUrl,
      token: () => api.token(username),
      WebSocket,
      frames,
      backoff: { baseMs: 50, capMs: 500 },
      heartbeatMs: 3_000,
      replyTimeoutMs: 1_000,
      sendDeadlineMs: 60_000,
    });
    for (const event of ['truncated', 'refused', 'revoked', 'unknown'] as const) {
      this.client.on(event, (value) => this.surprises.push(`${username} heard ${event} ${JSON.stringify(value)}`));
    }
  }

  heard(chatId: string): readonly Message[] {
    return this.#heard.get(chatId) ?? [];
  }

  /** Listens to chats, from now on or after a number. Resolves once the service has subscribed them. */
  async listen(chatIds: readonly string[], from?: number): Promise<void> {
    await Promise.all(
      chatIds.map(async (chatId) => {
        const heard: Message[] = [];
        this.#heard.set(chatId, heard);
        await this.client.subscribe(chatId, (message) => heard.push(message), { from }).ready;
      }),
    );
  }
}

/**
 * Who is around in the chats of trials: two who may listen, one of them with frames of several messages; and two who may not, a
 * stranger and one whose time has ended, though the row of the subscription is still there.
 */
export class Crowd {
  readonly listeners: readonly App[];
  readonly #world: World;
  readonly #stranger: TestSocket;
  readonly #ended: TestSocket;
  readonly #endedConnection: string;

  private constructor(world: World, listeners: App[], stranger: TestSocket, ended: TestSocket, connection: string) {
    this.#world = world;
    this.listeners = listeners;
    this.#stranger = stranger;
    this.#ended = ended;
    this.#endedConnection = connection;
  }

  static async gather(world: World): Promise<Crowd> {
    const { stage, api } = world;
    const listeners = [new App(world, 'bob'), new App(world, 'carol', 'batch')];
    await Promise.all(listeners.map(({ client }) => client.connect()));
    const before = new Set(await stage.outside.connectionsOf('ada'));
    const ended = await TestSocket.openAs(api.outputs, 'ada');
    const own = (await stage.outside.connectionsOf('ada')).find((connectionId) => !before.has(connectionId)) ?? '';
    const stranger = await TestSocket.openAs(api.outputs, 'mallory');
    return new Crowd(world, listeners, stranger, ended, own);
  }

  /** Has everyone in the chats who is to be there, or tries to be. */
  async join(chatIds: readonly string[]): Promise<void> {
    const { tables, api } = this.#world;
    await grant(this.#world, chatIds, ['bob', 'carol']);
    const now = Math.floor(Date.now() / 1000);
    const userId = api.userId('ada');
    const row = {
      subscriber: subscriberKey(userId, this.#endedConnection),
      connectionId: this.#endedConnection,
      userId,
      frames: 'single',
      connectedAt: new Date(0).toISOString(),
      accessExpiresAt: now - 60,
      expiresAt: now + 3_600,
    };
    await tables.fill(
      'Subscriptions',
      chatIds.map((chatId) => ({ ...row, chatId })),
    );
    const asked = { action: 'subscribe', chatIds: chatIds.slice(0, 100) };
    const answer = await until('the stranger to be answered', async () => {
      const reply = await this.#stranger.request(asked);
      return reply['type'] === 'subscribed' && reply;
    });
    if ((answer['chats'] as unknown[]).length > 0) throw new Error('A stranger was subscribed');
    await Promise.all(this.listeners.map((app) => app.listen(chatIds)));
  }

  /** What of a chat somebody heard who may not, or what must never happen there to those who may. */
  breaches(chatId: string): string[] {
    const overheard = [this.#stranger, this.#ended].flatMap((socket) => socket.messages(chatId));
    return [
      ...overheard.map((frame) => `overheard: ${JSON.stringify(frame)}`),
      ...this.listeners.flatMap(({ surprises }) => surprises.filter((surprise) => surprise.includes(chatId))),
    ];
  }

  async leave(): Promise<void> {
    await Promise.all([
      ...this.listeners.map(({ client }) => client.close()),
      this.#stranger.close(),
      this.#ended.close(),
    ]);
  }
}

/** Makes people members of chats. */
export async function grant(
  { tables, api }: Pick<World, 'tables' | 'api'>,
  chatIds: readonly string[],
  usernames: readonly string[],
  more: Record<string, unknown> = {},
): Promise<void> {
  await tables.fill(
    'Permissions',
    usernames.flatMap((username) =>
      chatIds.map((chatId) => ({
        userId: api.userId(username),
        chatId,
        role: 'member',
        grantedBy: 'test',
        grantedAt: new Date().toISOString(),
        ...more,
      })),
    ),
  );
}

/** Asks over a socket as a client does: again, after a while without an answer or when the service has failed. */
export async function askUntilAnswered(
  socket: TestSocket,
  request: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  return until(`an answer to ${JSON.stringify(request).slice(0, 200)}`, async () => {
    const ackId = `ack-${Math.random().toString(36).slice(2)}`;
    socket.send({ ...request, ackId });
    const reply = await socket.next((frame) => frame['ackId'] === ackId, 'answer', 1_000).catch(() => undefined);
    const failed = reply === undefined || (reply['type'] === 'error' && Number(reply['statusCode']) >= 500);
    return failed ? undefined : reply;
  });
}

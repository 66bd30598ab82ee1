import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import reconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket } from 'ws';
import { type Client, type Message, createClient } from '../../client/index.ts';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { type Frame, TestSocket } from '../setup/socket.ts';
import { signIn } from '../setup/sign-in.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';

// Node gives a CommonJS package's `module.exports` as the default; its types tell of an ES module's default instead.
const ReconnectingWebSocket = reconnectingWebSocket as unknown as typeof reconnectingWebSocket.default;

/** What one person's sockets carried, all of them together. */
type Traffic = {
  sockets: number;
  replays: number;
  /** Numbers of the messages that came, live or from history. */
  given: Set<unknown>;
  /** Numbers asked for from history although they had come. */
  askedAgain: number[];
};

describe('clients over the embedded cloud', () => {
  let cloud: Cloud;
  const clients: Client[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(() => cloud?.stop());

  /** A connected client of the library. `onReceived` sees a frame before the library does. */
  async function connectedAs(
    username: string,
    onReceived: (frame: Frame, socket: WebSocket) => void = () => {},
  ): Promise<{ client: Client; traffic: Traffic }> {
    const traffic: Traffic = { sockets: 0, replays: 0, given: new Set(), askedAgain: [] };
    class Watched extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        traffic.sockets++;
        this.prependListener('message', (data: Buffer) => {
          const frame = JSON.parse(data.toString()) as Frame;
          for (const { sequence } of messagesIn(frame)) traffic.given.add(sequence);
          onReceived(frame, this);
        });
      }
      override send(text: string): void {
        noteReplay(JSON.parse(text) as Frame, traffic);
        super.send(text);
      }
    }
    const client = createClient({
      url: cloud.outputs.webSocketUrl,
      token: async () => (await signIn(cloud.outputs, username)).accessToken,
      WebSocket: Watched,
      backoff: { baseMs: 100, capMs: 1_000 },
      replyTimeoutMs: 20_000,
      sendDeadlineMs: 60_000,
    });
    clients.push(client);
    await client.connect();
    return { client, traffic };
  }

  async function grantAll(chatId: string): Promise<void> {
    const tables = await Tables.of(cloud.outputs);
    const grant = { chatId, role: 'member', grantedBy: 'test', grantedAt: new Date().toISOString() };
    await tables.put('Permissions', ...cloud.outputs.users.map(({ userId }) => ({ userId, ...grant })));
    tables.close();
  }

  test('a thousand numbered messages of five senders reach both subscribers alike, one of whom keeps losing its socket', async () => {
    const chatId = 'thousand';
    const total = 1_000;
    await grantAll(chatId);
    const steady = await connectedAs('carol');
    let sinceLoss = 0;
    const shaky = await connectedAs('mallory', (frame, socket) => {
      sinceLoss += frame['type'] === 'replay' ? 0 : messagesIn(frame).length;
      if (sinceLoss < 50) return;
      sinceLoss = 0;
      socket.terminate();
    });
    const seen = { steady: [] as Message[], shaky: [] as Message[] };
    const options = { sequencedOnly: true };
    await steady.client.subscribe(chatId, (message) => seen.steady.push(message), options).ready;
    await shaky.client.subscribe(chatId, (message) => seen.shaky.push(message), options).ready;

    const senders = await Promise.all(['ada', 'olga', 'bob', 'carol', 'vera'].map((name) => connectedAs(name)));
    await Promise.all(
      senders.map(async ({ client }, sender) => {
        for (let turn = 1; turn <= total / senders.length; turn++) {
          await client.send({ chatId, eventType: 'chat', content: { sender, turn }, generateSequence: true });
        }
      }),
    );
    await until('both to have all', () => Math.min(seen.steady.length, seen.shaky.length) >= total, 60_000);

    expect(seen.steady.map(({ sequence }) => sequence)).toEqual(Array.from({ length: total }, (_none, n) => n + 1));
    const withoutDelivery = (messages: Message[]): Message[] =>
      messages.map((message) => ({ ...message, sqsMetadata: undefined }));
    expect(withoutDelivery(seen.shaky)).toEqual(withoutDelivery(seen.steady));
    for (const [sender] of senders.entries()) {
      const turns = seen.steady.flatMap(({ content }) => {
        const from = content as { sender: number; turn: number };
        return from.sender === sender ? [from.turn] : [];
      });
      expect(turns).toEqual(turns.map((_turn, index) => index + 1));
    }
    expect(shaky.traffic.sockets).toBeGreaterThan(10);
    expect(shaky.traffic.replays).toBeGreaterThan(0);
    expect(shaky.traffic.askedAgain).toEqual([]);
    expect(steady.traffic.askedAgain).toEqual([]);
  }, 180_000);

  test('reconnecting-websocket gets correct frames on every socket, without the library', async () => {
    const { accessToken } = await signIn(cloud.outputs, 'carol');
    const socket = new ReconnectingWebSocket(
      `${cloud.outputs.webSocketUrl}?chatIds=chat-123`,
      ['notification.v1', accessToken],
      { WebSocket, minReconnectionDelay: 50, maxReconnectionDelay: 500 },
    );
    const frames: Frame[] = [];
    let opened = 0;
    socket.addEventListener('open', () => void opened++);
    socket.addEventListener('message', ({ data }) => void frames.push(JSON.parse(String(data)) as Frame));
    const bob = await TestSocket.openAs(cloud.outputs, 'bob');
    try {
      for (const round of [1, 2]) {
        await until('the socket', () => opened === round);
        const reply = await publish(bob, `round ${round}`);
        await until('the message', () => frames.length === round);
        expect(frames.at(-1)).toMatchObject({ content: `round ${round}`, messageId: reply['messageId'] });
        expect(frames.at(-1)).not.toHaveProperty('type');
        if (round === 1) socket.reconnect();
      }
    } finally {
      socket.close();
      await bob.close();
    }
  });

  test('wscat talks to it from a terminal', async () => {
    const { accessToken } = await signIn(cloud.outputs, 'carol');
    const payload = { chatId: 'chat-123', eventType: 'chat', content: 'typed by hand' };
    const line = JSON.stringify({ action: 'sendMessage', targetChannel: 'WebSocket', requestAck: true, payload });
    const url = `${cloud.outputs.webSocketUrl}?chatIds=chat-123`;
    const wscat = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../node_modules/wscat/bin/wscat'),
        ...['--no-color', '-c', url, '-s', 'notification.v1', '-s', accessToken, '-x', line, '-w', '60'],
      ],
      { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const frames = framesPrinted(wscat);
    const ended = new Promise((resolve) => wscat.once('exit', resolve));
    try {
      await until('the answer and the message', () => frames.length >= 2);
      const [ack, message] = frames.sort((a, b) => Number('type' in b) - Number('type' in a));
      expect(ack).toMatchObject({ type: 'ack', status: 'success', messageType: 'standard' });
      expect(message).toMatchObject({ ...payload, messageId: ack?.['messageId'] });
    } finally {
      wscat.kill();
      await ended;
    }
  });

  function publish(socket: TestSocket, content: string): Promise<Frame> {
    const payload = { chatId: 'chat-123', eventType: 'chat', content };
    return socket.request({ action: 'sendMessage', targetChannel: 'WebSocket', messageType: 'fifo', payload });
  }
});

/** The messages in a frame: itself, or those of a batch or a page of history. */
function messagesIn(frame: Frame): Frame[] {
  if (frame['type'] === undefined) return [frame];
  return frame['type'] === 'batch' || frame['type'] === 'replay' ? (frame['messages'] as Frame[]) : [];
}

function noteReplay({ action, fromSequence, toSequence }: Frame, traffic: Traffic): void {
  if (action !== 'replay') return;
  traffic.replays++;
  for (let number = Number(fromSequence); number <= Number(toSequence); number++) {
    if (traffic.given.has(number)) traffic.askedAgain.push(number);
  }
}

function framesPrinted({ stdout }: ChildProcess): Frame[] {
  const frames: Frame[] = [];
  if (!stdout) throw new Error('wscat has no output to read');
  createInterface({ input: stdout }).on('line', (line) => {
    const json = /\{.*\}/.exec(line)?.[0];
    if (json) frames.push(JSON.parse(json) as Frame);
  });
  return frames;
}

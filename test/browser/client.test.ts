import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Browser, Page, WebSocket as PageSocket } from 'playwright-core';
import type * as library from '../../client/index.ts';
import { launchBrowser } from '../setup/browser.ts';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { signIn } from '../setup/sign-in.ts';
import { until } from '../setup/until.ts';

// A browser, a cloud and a neighbouring test file share the machine.
jest.setTimeout(120_000);

/** What the test puts on the page's window to talk to later. */
type Room = { client: library.Client; seen: library.Message[]; states: string[]; gaps: unknown[]; drop(): void };

const chatId = 'chat-123';
const script = readFileSync(join(import.meta.dirname, '../../dist/client/index.js'));

describe('the built client library in a page of another origin', () => {
  let cloud: Cloud;
  let browser: Browser;
  let app: Server;
  let origin: string;
  let page: Page;
  let received: string[];

  beforeAll(async () => {
    [cloud, browser] = await Promise.all([startCloud(), launchBrowser()]);
    app = createServer((request, response) => {
      const isScript = request.url === '/client.js';
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
      response.end(isScript ? script : '<!doctype html><link rel="icon" href="data:,"><title>An app</title>');
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    app?.close();
    await Promise.all([browser?.close(), cloud?.stop()]);
  });

  beforeEach(async () => {
    received = [];
    page = await browser.newPage();
    page.on('websocket', (socket: PageSocket) =>
      socket.on('framereceived', ({ payload }) => received.push(String(payload))),
    );
    await page.goto(origin);
  });
  afterEach(async () => {
    await page.evaluate(() => (globalThis as unknown as { room?: Room }).room?.client.close());
    await page.close();
  });

  /** Connects on the page and subscribes; what happens is kept in `window.room`. */
  async function enter(): Promise<void> {
    const { accessToken } = await signIn(cloud.outputs, 'bob');
    await page.evaluate(
      async ({ url, token, chat }) => {
        const path = '/client.js';
        const { createClient } = (await import(path)) as typeof library;
        const sockets: WebSocket[] = [];
        class Kept extends WebSocket {
          constructor(to: string, protocols: string[]) {
            super(to, protocols);
            sockets.push(this);
          }
        }
        const client = createClient({ url, token: () => token, WebSocket: Kept, backoff: { baseMs: 50, capMs: 500 } });
        const room: Room = { client, seen: [], states: [], gaps: [], drop: () => sockets.at(-1)?.close() };
        client.on('state', ({ state }) => room.states.push(state));
        client.on('gapFilled', (gap) => room.gaps.push(gap));
        const subscription = client.subscribe(chat, (message) => room.seen.push(message));
        await client.connect();
        await subscription.ready;
        Object.assign(globalThis, { room });
      },
      { url: cloud.outputs.webSocketUrl, token: accessToken, chat: chatId },
    );
  }

  const room = <Value>(read: (room: Room) => Value): Promise<Value> =>
    page.evaluate(`(${read.toString()})(globalThis.room)`) as Promise<Value>;

  function send(...contents: string[]): Promise<library.SendReply[]> {
    return page.evaluate(
      ({ chat, texts }) => {
        const { client } = (globalThis as unknown as { room: Room }).room;
        const sent = texts.map((content) =>
          client.send({ chatId: chat, eventType: 'chat', content, generateSequence: true }),
        );
        return Promise.all(sent);
      },
      { chat: chatId, texts: contents },
    );
  }

  test('it connects, subscribes, sends and receives', async () => {
    await enter();
    const [reply] = await send('from a page');
    expect(reply).toMatchObject({ type: 'reply', messageType: 'fifo', messageGroupId: chatId });
    await until('the message', async () => (await room(({ seen }) => seen.length)) === 1);
    expect(await room(({ seen }) => seen)).toMatchObject([{ messageId: reply?.messageId, content: 'from a page' }]);
    expect(await room(({ states }) => states)).toEqual(['connecting', 'connected']);
  });

  test('it comes back after losing its socket, and has what was sent meanwhile', async () => {
    await enter();
    await room((it) => it.drop());
    // Sent while there is no socket: kept until there is one.
    await send('one', 'two', 'three');
    await until('all three', async () => (await room(({ seen }) => seen.length)) === 3);
    expect(await room(({ seen }) => seen.map(({ content }) => content))).toEqual(['one', 'two', 'three']);
    expect(await room(({ states }) => states)).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  test('messages that come together come in one frame', async () => {
    const edge = new EdgeControl(cloud.outputs);
    await enter();
    // While the first one is being committed the others gather behind it.
    const slow = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor', times: 1 };
    await edge.break({ ...slow, fault: { delayMs: 2_000 } });
    const contents = Array.from({ length: 12 }, (_none, index) => `together ${index}`);
    await send(...contents);
    await until('all of them', async () => (await room(({ seen }) => seen.length)) === contents.length);
    await edge.mend();
    expect(await room(({ seen }) => seen.map(({ content }) => content))).toEqual(contents);
    const types = received.map((text) => (JSON.parse(text) as { type?: string }).type);
    expect(types).toContain('batch');
  });
});

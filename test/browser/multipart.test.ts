import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type * as library from '../../client/index.ts';
import type * as multiPart from '../../client/multipart/index.ts';
import { launchBrowser } from '../setup/browser.ts';
import type { Cloud } from '../setup/cloud.ts';
import { signIn } from '../setup/sign-in.ts';
import { until } from '../setup/until.ts';
import { startPatientCloud } from './patient-cloud.ts';

// 10 MB through a cloud, a browser and a neighbouring test file, which share the machine.
jest.setTimeout(300_000);

const chatId = 'chat-123';
const size = 5_000_000;
const folder = join(import.meta.dirname, '../../dist/client');
const scripts = new Map(
  ['/index.js', '/multipart/index.js'].map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
);

/** What a page keeps on its window for the test. */
interface Desk {
  client: library.Client;
  receiver: multiPart.MultiPartReceiver;
  received: { name: string | undefined; mediaType: string | undefined; seed: number; senderId: string; size: number }[];
  failures: string[];
  announced: { senderId: string; messageIds: string[] }[];
  progress: { sent: number[]; received: number[] };
  send(seed: number, length: number, options?: multiPart.SendMultiPartOptions): Promise<multiPart.SentMultiPart>;
  /** Follows the chat from now on. */
  enter(): Promise<unknown>;
}

describe('the built multi-part module in two pages', () => {
  let cloud: Cloud;
  let browser: Browser;
  let app: Server;
  let origin: string;
  const pages: Page[] = [];

  beforeAll(async () => {
    [cloud, browser] = await Promise.all([startPatientCloud(), launchBrowser()]);
    app = createServer(({ url = '' }, response) => {
      const script = scripts.get(url);
      response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
      response.end(script ?? '<!doctype html><link rel="icon" href="data:,"><title>An app</title>');
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) {
      await read(page, ({ client }) => client.close());
      await page.close();
    }
  });
  afterAll(async () => {
    app?.close();
    await Promise.all([browser?.close(), cloud?.stop()]);
  });

  /** A page whose script is connected as that person and puts together what comes. */
  async function pageOf(username: string): Promise<{ page: Page; userId: string; longestFrame: () => number }> {
    const page = await browser.newPage();
    pages.push(page);
    let longest = 0;
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => (longest = Math.max(longest, Buffer.byteLength(payload)))),
    );
    await page.goto(origin);
    const { accessToken } = await signIn(cloud.outputs, username);
    await page.evaluate(
      async ({ url, token, chat }) => {
        const [libraryPath, multiPartPath] = ['/index.js', '/multipart/index.js'];
        const { createClient } = (await import(libraryPath)) as typeof library;
        const { receiveMultiPart, sendMultiPart } = (await import(multiPartPath)) as typeof multiPart;
        /** Bytes that look like none, and are the same for a seed. */
        const bytesOf = (seed: number, length: number): Uint8Array<ArrayBuffer> => {
          let state = seed;
          return new Uint8Array(length).map(() => {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
            return state >>> 24;
          });
        };
        const client = createClient({ url, token: () => token });
        const desk: Desk = {
          client,
          received: [],
          failures: [],
          announced: [],
          progress: { sent: [], received: [] },
          receiver: receiveMultiPart(client, {
            onContent: (got) => {
              if (got.encoding !== 'base64') return void desk.failures.push(`came as ${String(got.encoding)}`);
              const { content, name, mediaType, senderId } = got;
              const seed = parseInt(name ?? '');
              const expected = bytesOf(seed, content.length);
              if (!content.every((byte, at) => byte === expected[at]))
                desk.failures.push(`${seed} is not what was sent`);
              desk.received.push({ name, mediaType, seed, senderId, size: content.length });
            },
            onFailure: ({ reason }) => desk.failures.push(reason),
            onProgress: ({ receivedBytes }) => desk.progress.received.push(receivedBytes),
          }),
          send: (seed, length, options) =>
            sendMultiPart(
              client,
              chat,
              new File([bytesOf(seed, length)], `${seed}.bin`, { type: 'application/x-noise' }),
              {
                eventType: 'file',
                onProgress: ({ sentBytes }) => desk.progress.sent.push(sentBytes),
                ...options,
              },
            ),
          enter: () =>
            client.subscribe(chat, (message) => {
              if (message.eventType === 'multipart.completed') {
                const { messageIds } = message.content as { messageIds: string[] };
                desk.announced.push({ senderId: message.senderId, messageIds });
              }
              desk.receiver.accept(message);
            }).ready,
        };
        await client.connect();
        Object.assign(globalThis, { desk });
      },
      { url: cloud.outputs.webSocketUrl, token: accessToken, chat: chatId },
    );
    const userId = cloud.outputs.users.find((user) => user.username === username)?.userId ?? '';
    return { page, userId, longestFrame: () => longest };
  }

  const read = <Value>(page: Page, look: (desk: Desk) => Value): Promise<Awaited<Value>> =>
    page.evaluate(`(${look.toString()})(globalThis.desk)`) as Promise<Awaited<Value>>;

  test('5 MB go from one to the other and 5 MB back at the same time, and arrive byte for byte', async () => {
    const [bob, carol] = await Promise.all([pageOf('bob'), pageOf('carol')]);
    await Promise.all([bob, carol].map(({ page }) => read(page, (desk) => desk.enter())));
    const [fromBob, fromCarol] = await Promise.all([
      read(bob.page, (desk) => desk.send(1, 5_000_000)),
      read(carol.page, (desk) => desk.send(2, 5_000_000)),
    ]);
    const about = { mediaType: 'application/x-noise', size };
    const files = [
      { ...about, name: '1.bin', seed: 1, senderId: bob.userId },
      { ...about, name: '2.bin', seed: 2, senderId: carol.userId },
    ];
    const announcements = [
      { senderId: bob.userId, messageIds: fromBob.messageIds },
      { senderId: carol.userId, messageIds: fromCarol.messageIds },
    ];
    for (const { page, longestFrame } of [bob, carol]) {
      // Each gets its own file, too: it listens to the chat.
      const counts = (): Promise<number[]> =>
        read(page, ({ received, failures, announced }) => [received.length, announced.length, failures.length]);
      const settled = async (): Promise<boolean> => {
        const [received = 0, announced = 0, failed = 0] = await counts();
        return (received === 2 && announced === 2) || failed > 0;
      };
      await until('both files and their announcements', settled, 120_000).catch(() => {});
      expect(await counts()).toEqual([2, 2, 0]);
      const { received, failures, announced, progress } = await read(
        page,
        ({ received, failures, announced, progress }) => ({ received, failures, announced, progress }),
      );
      expect(failures).toEqual([]);
      expect(received.sort((one, other) => one.seed - other.seed)).toEqual(files);
      expect(announced).toEqual(expect.arrayContaining(announcements));
      expect(progress.sent.at(-1)).toBe(size);
      expect(progress.sent).toEqual(progress.sent.toSorted((one, other) => one - other));
      expect(progress.received.filter((bytes) => bytes === size)).toHaveLength(2);
      expect(longestFrame()).toBeGreaterThan(30_000);
      expect(longestFrame()).toBeLessThanOrEqual(30 * 1024);
    }
  });

  test('who comes halfway has the whole, too', async () => {
    const [bob, carol] = await Promise.all([pageOf('bob'), pageOf('carol')]);
    const sending = read(bob.page, (desk) => desk.send(3, 1_500_000));
    await until('half of it is sent', () => read(bob.page, ({ progress }) => (progress.sent.at(-1) ?? 0) > 750_000));
    await read(carol.page, (desk) => desk.enter());
    await sending;
    await until('it is here', () => read(carol.page, ({ received }) => received.length === 1), 60_000);
    expect(await read(carol.page, ({ received, failures }) => [received[0]?.size, failures])).toEqual([1_500_000, []]);
  });

  test('a group that is taken is refused, to its own sender and to others', async () => {
    const [bob, carol] = await Promise.all([pageOf('bob'), pageOf('carol')]);
    const own = await read(bob.page, (desk) => desk.send(4, 10, { groupId: 'taken' }));
    expect(own.messageIds).toHaveLength(1);
    for (const { page } of [bob, carol]) {
      const refused = await until('it is refused', () =>
        read(page, (desk) =>
          desk.send(5, 10, { groupId: 'taken' }).then(
            () => undefined,
            (error: library.ServiceError) => ({ statusCode: error.statusCode, message: error.message }),
          ),
        ),
      );
      expect(refused).toEqual({
        statusCode: 409,
        message: expect.stringMatching(/^Conflict: payload.multiPartMetadata/),
      });
    }
  });
});

import { request } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { type Front, startFront } from '../../../local/gateway/front.ts';

describe('the one port of the embedded cloud', () => {
  const sockets = new WebSocketServer({ noServer: true });
  let front: Front;

  beforeAll(async () => {
    const hello = () => Promise.resolve({ status: 200, headers: {}, body: 'hello' });
    front = await startFront(
      0,
      [
        { prefix: '/hello', handle: hello },
        { prefix: '/', exact: true, handle: hello },
      ],
      (incoming, socket, head) => {
        sockets.handleUpgrade(incoming, socket, head, (accepted) => accepted.close(1000, 'met'));
        return Promise.resolve();
      },
    );
  });

  afterAll(() => front.stop());

  function ask(host: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request(`${front.url}/hello`, { headers: { host } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      asked.once('error', reject).end();
    });
  }

  /** The HTTP status that refused the socket, or the reason it was closed with once open. */
  function open(host: string): Promise<number | string> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(front.url.replace('http', 'ws'), { headers: { host } });
      socket.once('unexpected-response', (asked, { statusCode = 0 }) => {
        asked.destroy();
        resolve(statusCode);
      });
      socket.once('close', (_code, reason) => resolve(reason.toString()));
      socket.once('error', reject);
    });
  }

  const loopbackNames = ['127.0.0.1:4510', 'localhost:4510', 'LOCALHOST', '[::1]:4510'];
  const otherNames = [
    'rebound.example:4510',
    '127.0.0.1.rebound.example',
    'localhost.rebound.example',
    '10.0.0.7:4510',
  ];

  test.each(loopbackNames)('answers who calls it %s', async (host) => {
    expect(await ask(host)).toEqual({ status: 200, body: 'hello' });
    expect(await open(host)).toBe('met');
  });

  test.each(otherNames)(
    'refuses who calls it %s, as a page that rebinds its name to this machine would',
    async (host) => {
      expect(await ask(host)).toMatchObject({ status: 403, body: expect.not.stringContaining('hello') });
      expect(await open(host)).toBe(403);
    },
  );

  test('headers over 10,240 bytes and bodies over 10 MB are refused, the latter before they are read', async () => {
    const padded = await fetch(`${front.url}/hello`, { headers: { 'x-padding': 'x'.repeat(10_240) } });
    expect([padded.status, await padded.json()]).toEqual([431, { message: 'Request Header Fields Too Large' }]);
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-length': 10 * 1024 * 1024 + 1 };
      const asked = request(`${front.url}/hello`, { method: 'POST', headers }, (answer) => resolve(answer.statusCode));
      asked.once('error', reject).write('{');
    });
    expect(status).toBe(413);
  });

  test.each([
    ['/', 200],
    ['/?from=mail', 200],
    ['/hello/again', 200],
    ['/elsewhere', 404],
    ['/hellos', 404],
    ['//hello', 404],
  ])('a route has its path and what lies under it, an exact one its path only: %s', async (path, status) => {
    expect((await fetch(front.url + path)).status).toBe(status);
  });
});

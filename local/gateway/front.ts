import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopbackHost } from '../loopback-host.ts';
import { isHeadTooLarge } from './request-size.ts';
import { readTarget } from './target.ts';

export type FrontReply = { status: number; headers: Record<string, string>; body: string | Buffer };

/** Answers requests whose path is `prefix` or, unless `exact`, lies under it; the first match wins. */
export type FrontRoute = {
  prefix: string;
  exact?: boolean;
  handle: (request: IncomingMessage, body: Buffer) => Promise<FrontReply>;
};

export type Front = { url: string; port: number; stop(): Promise<void> };

/** The port was taken by another program. */
export class PortInUse extends Error {
  constructor(port: number) {
    super(`Port ${port} is in use. Stop what uses it, or choose another one: npm start -- --port ${port + 1}`);
  }
}

const maxBodyBytes = 10 * 1024 * 1024;

/**
 * The one port a person or a client uses: sockets upgrade, everything else goes to the route its path names. Whoever addresses it by
 * another name than a loopback one is refused with 403, sockets included: that is a web page after DNS rebinding.
 * @param port 0 for any free one
 * @throws PortInUse
 */
export async function startFront(
  port: number,
  routes: FrontRoute[],
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>,
): Promise<Front> {
  const server = createServer((request, response) => {
    answer(request, response, routes).catch(() => response.destroy());
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    if (isLoopbackHost(request.headers.host)) upgrade(request, socket, head).catch(() => socket.destroy());
    else socket.end(`HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUse(port) : error),
    );
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
  const actualPort = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    port: actualPort,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        // The server waits for these too, and no longer knows them.
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

/**
 * Finds out early whether the port can be had.
 * @throws PortInUse
 */
export async function requireFreePort(port: number): Promise<void> {
  const probe = await startFront(port, [], () => Promise.resolve());
  await probe.stop();
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: FrontRoute[]): Promise<void> {
  if (!isLoopbackHost(request.headers.host)) return refuse(request, response, notThisHost);
  if (isHeadTooLarge(request)) return refuse(request, response, refusal(431, 'Request Header Fields Too Large'));
  const path = readTarget(request.url)?.path;
  if (path === undefined) return refuse(request, response, refusal(400, 'Bad Request'));
  const route = routes.find(
    ({ prefix, exact }) => path === prefix || (!exact && path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)),
  );
  if (!route) return refuse(request, response, refusal(404, 'Not Found'));
  const body = await readBody(request);
  if (body === undefined) return refuse(request, response, refusal(413, 'Request Entity Too Large'));
  send(response, await route.handle(request, body));
}

/** How long what is still being sent is taken, and thrown away, after an answer that did not wait for it. */
const lingerMs = 500;

/**
 * Answers without having read the body, which therefore ends the connection. Not at once: a connection that is ended while
 * more comes in is reset, and the answer is lost on its way.
 */
function refuse(request: IncomingMessage, response: ServerResponse, { status, headers, body }: FrontReply): void {
  const closing = { ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, closing).write(body);
  const patience = setTimeout(end, lingerMs);
  request.once('end', end).resume();
  function end(): void {
    clearTimeout(patience);
    response.end();
  }
}

function refusal(status: number, message: string): FrontReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

const notThisHost = refusal(403, 'Expected the host 127.0.0.1, localhost or [::1]');

function send(response: ServerResponse, { status, headers, body }: FrontReply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** The whole body, or undefined as soon as it is known to be longer than API Gateway takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopbackHost } from '../loopback-host.ts';

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
  if (!isLoopbackHost(request.headers.host)) return send(response, notThisHost);
  const path = new URL(request.url ?? '/', 'http://embedded').pathname;
  const route = routes.find(
    ({ prefix, exact }) => path === prefix || (!exact && path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)),
  );
  const body = await readBody(request);
  if (!route) return send(response, refusal(404, 'Not Found'));
  send(response, body === undefined ? refusal(413, 'Request Entity Too Large') : await route.handle(request, body));
}

function refusal(status: number, message: string): FrontReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

const notThisHost = refusal(403, 'Expected the host 127.0.0.1, localhost or [::1]');

function send(response: ServerResponse, { status, headers, body }: FrontReply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** The whole body, or undefined when it is longer than API Gateway takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
  }
  return size <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
}

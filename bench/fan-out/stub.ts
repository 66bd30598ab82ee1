import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '../harness/child.ts';

/** `@connections` at its barest: takes every post, and counts what each connection got. */
const received = new Map<string, number>();

const server = createServer((request, response) => {
  const connection = request.url ?? '';
  received.set(connection, (received.get(connection) ?? 0) + 1);
  request.resume().once('end', () => response.end());
});
server.keepAliveTimeout = 60_000;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const api = {
  port: () => (server.address() as AddressInfo).port,
  /** How many connections got something, and the least and the most that one of them got; then forgets it. */
  collect: () => {
    const counts = [...received.values()];
    received.clear();
    return {
      connections: counts.length,
      least: counts.reduce((a, b) => Math.min(a, b), Infinity),
      most: counts.reduce((a, b) => Math.max(a, b), 0),
    };
  },
};

export type StubApi = typeof api;

serve(api, () => server.closeAllConnections());

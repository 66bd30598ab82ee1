import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ForwardedRequest, ForwardedResponse } from '../../local/loopback.ts';

/** An HTTP server in front of a `forward` function, so that a real SDK client can talk to it. */
export async function startFront(
  forward: (request: ForwardedRequest) => Promise<ForwardedResponse>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      forward({ headers: incoming.headers, body: Buffer.concat(chunks) }).then(
        ({ status, headers, body }) => outgoing.writeHead(status, headers).end(body),
        () => outgoing.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

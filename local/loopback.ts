import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** An AWS call on its way to the process that answers it: the signed request's headers and its raw body. */
export interface ForwardedRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What that process answered; header names in lower case. */
export interface ForwardedResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Loopback {
  /** Posts to `/`; rejects when the process cannot be reached or closes the connection before answering. */
  post(call: ForwardedRequest): Promise<ForwardedResponse>;
  close(): void;
}

/** Headers that belong to one connection, or that the sender computes anew. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'upgrade']);

/**
 * A keep-alive connection pool to one local HTTP server that speaks AWS protocols (the DynamoDB engine, SNS and SQS).
 * The request's own `host` header is kept: it is part of what was signed, and the answer may depend on it.
 */
export function openLoopback(url: string): Loopback {
  const { hostname, port } = new URL(url);
  // Unlimited sockets: a long-polling receive holds one for up to 20 s.
  const agent = new Agent({ keepAlive: true });
  return {
    post: ({ headers, body }) =>
      new Promise((resolve, reject) => {
        const outgoing = request({
          agent,
          hostname,
          port,
          method: 'POST',
          path: '/',
          headers: { ...withoutHopByHop(headers), 'content-length': body.length },
        });
        outgoing.on('error', reject);
        outgoing.on('response', (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            resolve({
              status: incoming.statusCode ?? 500,
              headers: withoutHopByHop(incoming.headers),
              body: Buffer.concat(chunks),
            });
          });
        });
        outgoing.end(body);
      }),
    close: () => {
      agent.destroy();
    },
  };
}

function withoutHopByHop(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** Headers with one text each, as a reply of the edge has them. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}

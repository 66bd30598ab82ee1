import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** What `$connect` decided: a status that is not 2xx refuses the socket, with `body` if it has one. */
export type ConnectAnswer = { statusCode: number; protocol?: string; body?: string };

const sixteenBytes = /^[A-Za-z0-9+/]{22}==$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Whether a request asks for a WebSocket as RFC 6455, section 4.2.1, has it. `ws` would find out too late: what `$connect` wrote
 * for a connection that then cannot open would stay.
 */
export function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim()) ?? [];
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    sixteenBytes.test(headers['sec-websocket-key'] ?? '') &&
    offered.every((protocol, index) => token.test(protocol) && offered.indexOf(protocol) === index)
  );
}

/** Reads what the `$connect` function returned; what is no answer is a failure of the function. */
export function readConnectAnswer(answer: unknown): ConnectAnswer {
  const {
    statusCode,
    headers = {},
    body,
  } = (answer ?? {}) as {
    statusCode?: unknown;
    headers?: Record<string, string>;
    body?: string;
  };
  if (typeof statusCode !== 'number') return { statusCode: 500 };
  const protocol = Object.entries(headers).find(([name]) => name.toLowerCase() === 'sec-websocket-protocol')?.[1];
  return { statusCode, protocol, body };
}

/** Ends an upgrade request with a status instead of a socket. */
export function refuse(socket: Duplex, statusCode: number, body = ''): void {
  const reason = STATUS_CODES[statusCode] ?? 'Error';
  const text = body || JSON.stringify({ message: reason });
  // Nobody reads from it any more: unread, the client's own end would keep it open for ever.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${statusCode} ${reason}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

/** The request's headers as the client spelt them, as API Gateway hands them on. */
export function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index];
    const value = request.rawHeaders[index + 1];
    if (name !== undefined && value !== undefined) headers[name] = value;
  }
  return headers;
}

/** Each value as a list of one, as `multiValueHeaders` has them. */
export function listed(values: Record<string, string>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

/** Every value of every query parameter. */
export function allValues(search: URLSearchParams): Record<string, string[]> {
  return Object.fromEntries([...new Set(search.keys())].map((name) => [name, search.getAll(name)]));
}

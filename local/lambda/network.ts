import dgram from 'node:dgram';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { Readable } from 'node:stream';

/** Where a function's AWS calls end locally, and the token that tells the edge which worker called. */
export type EdgeAddress = { port: number; workerToken: string };

const loopback = '127.0.0.1';

/**
 * Makes the AWS of this thread the edge: every request to `https://*.amazonaws.com` goes there in plain HTTP, with its path, headers and
 * `Host` untouched (they are signed), so functions keep the endpoints they have on AWS. Any other destination is an error: a function
 * that reaches something else would work on the laptop and fail in a locked-down account.
 */
export function routeAwsHostsTo(edge: EdgeAddress): void {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  const request = (...args: Parameters<typeof https.request>): http.ClientRequest => {
    const { options, onResponse } = readArguments(args);
    const host = awsHost(options.hostname ?? options.host);
    return http.request(
      {
        method: options.method ?? 'GET',
        path: options.path ?? '/',
        host: loopback,
        port: edge.port,
        agent,
        signal: options.signal,
        timeout: options.timeout,
        headers: { ...toRecord(options.headers), host, 'x-embedded-worker': edge.workerToken },
      },
      onResponse,
    );
  };
  https.request = request as typeof https.request;
  https.get = ((...args: Parameters<typeof https.request>) => {
    const outgoing = request(...args);
    outgoing.end();
    return outgoing;
  }) as typeof https.get;
  globalThis.fetch = fetchOverHttps;
  refuseOtherDestinations(edge.port);
  syncBuiltinESMExports();
}

/** `fetch` over the routed https.request: Node's own does not let a caller set `Host`, which is part of what is signed. */
async function fetchOverHttps(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const asked = new Request(input, init);
  const { hostname, pathname, search } = new URL(asked.url);
  const body = asked.body ? Buffer.from(await asked.arrayBuffer()) : undefined;
  return new Promise((resolve, reject) => {
    const options = { hostname, path: pathname + search, method: asked.method, signal: asked.signal };
    const outgoing = https.request({ ...options, headers: Object.fromEntries(asked.headers) }, (incoming) => {
      const status = incoming.statusCode ?? 500;
      const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
      const stream = [204, 205, 304].includes(status) ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
      resolve(new Response(stream, { status, headers }));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function refuseOtherDestinations(edgePort: number): void {
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (this: net.Socket, ...args: Parameters<typeof connect>) {
    const target = connectionTarget(args);
    if (target.port !== edgePort || target.host !== loopback) {
      throw new Error(
        `A function tried to reach ${target.host}:${target.port}. Functions may reach AWS services only (https://*.amazonaws.com).`,
      );
    }
    return connect.apply(this, args);
  } as typeof connect;
}

/**
 * Lets functions send datagrams to X-Ray's daemon and nowhere else.
 * @param daemon its `HOST:PORT`, if there is one
 */
export function refuseOtherDatagrams(daemon: string | undefined): void {
  const send = dgram.Socket.prototype.send as (...args: unknown[]) => void;
  // With or without an offset and a length, the host comes after the port, which is the last number.
  dgram.Socket.prototype.send = function (this: dgram.Socket, ...args: unknown[]) {
    const last = args.findLastIndex((arg) => typeof arg === 'number');
    const target = `${String(args[last + 1])}:${String(args[last])}`;
    if (target !== daemon) throw new Error(`A function tried to send a datagram to ${target}.`);
    send.apply(this, args);
  };
}

/** `net` calls connect with (options), (port, host) or its own normalised [options, callback] array. */
function connectionTarget(args: unknown[]): { port: number; host: string } {
  const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    const { port, host } = first as { port?: unknown; host?: unknown };
    return { port: Number(port), host: String(host ?? 'localhost') };
  }
  return { port: Number(first), host: typeof args[1] === 'string' ? args[1] : 'localhost' };
}

function awsHost(host: string | null | undefined): string {
  if (host && (host.endsWith('.amazonaws.com') || host.endsWith('.amazonaws.com.cn'))) return host;
  throw new Error(`A function tried to reach ${host ?? 'an unnamed host'}. Functions may reach AWS services only.`);
}

function readArguments(args: Parameters<typeof https.request>): {
  options: https.RequestOptions;
  onResponse?: (response: http.IncomingMessage) => void;
} {
  const [first, second, third] = args as unknown[];
  const onResponse = [second, third].find((arg) => typeof arg === 'function') as
    ((response: http.IncomingMessage) => void) | undefined;
  if (typeof first === 'string' || first instanceof URL) {
    const url = new URL(first);
    const extra = typeof second === 'object' && second !== null ? (second as https.RequestOptions) : {};
    return { options: { hostname: url.hostname, path: url.pathname + url.search, ...extra }, onResponse };
  }
  return { options: first as https.RequestOptions, onResponse };
}

/** Node takes headers as an object, or as names and values in turns. */
function toRecord(headers: https.RequestOptions['headers']): http.OutgoingHttpHeaders {
  if (!Array.isArray(headers)) return { ...(headers as http.OutgoingHttpHeaders | undefined) };
  const record: http.OutgoingHttpHeaders = {};
  for (let at = 0; at < headers.length; at += 2) record[String(headers[at])] = String(headers[at + 1]);
  return record;
}

import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

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
  routeFetch(edge);
  refuseOtherDestinations(edge.port);
  syncBuiltinESMExports();
}

function routeFetch(edge: EdgeAddress): void {
  const nodeFetch = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const original = new Request(input, init);
    const url = new URL(original.url);
    const headers = new Headers(original.headers);
    headers.set('host', awsHost(url.hostname));
    headers.set('x-embedded-worker', edge.workerToken);
    return nodeFetch(`http://${loopback}:${edge.port}${url.pathname}${url.search}`, {
      method: original.method,
      headers,
      body: original.body ? await original.arrayBuffer() : undefined,
      signal: original.signal,
    });
  };
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

function toRecord(headers: https.RequestOptions['headers']): http.OutgoingHttpHeaders {
  if (!headers || Array.isArray(headers)) return {};
  return headers as http.OutgoingHttpHeaders;
}

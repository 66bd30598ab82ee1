import http from 'node:http';
import type * as Https from 'node:https';
import { createRequire } from 'node:module';

// Not imported: Jest would keep the module as it is now for all who import it after us.
const https = createRequire(import.meta.url)('node:https') as typeof Https;

const aws = /\.amazonaws\.com$/;

/**
 * Sends this process's requests to AWS to a port of this machine instead: the SDK's, which go through `https.request`,
 * and those of `fetch`. Functions keep the endpoints they have on AWS.
 *
 * @returns what undoes it.
 */
export function routeAwsTo(port: number): () => void {
  const { request } = https;
  const { fetch } = globalThis;
  const agent = new http.Agent({ keepAlive: true });

  https.request = ((first: string | Https.RequestOptions, ...rest: unknown[]) => {
    // Called with options and a callback, or with a URL before them.
    const { hostname, pathname } = typeof first === 'string' ? new URL(first) : {};
    const options = (typeof first === 'string' ? rest[0] : first) as Https.RequestOptions;
    const onResponse = rest.at(-1) as (response: http.IncomingMessage) => void;
    const host = hostname ?? options.hostname ?? options.host ?? '';
    if (!aws.test(host)) throw new Error(`A function asked ${host}, which is no AWS service.`);
    const headers = { ...options.headers, host } as http.OutgoingHttpHeaders;
    const path = pathname ?? options.path;
    return http.request({ method: options.method, path, headers, host: '127.0.0.1', port, agent }, onResponse);
  }) as typeof Https.request;

  globalThis.fetch = async (input, init) => {
    const asked = new Request(input, init);
    const { hostname, pathname } = new URL(asked.url);
    if (!aws.test(hostname)) return fetch(asked);
    return fetch(`http://127.0.0.1:${port}${pathname}`, {
      method: asked.method,
      headers: asked.headers,
      body: await asked.text(),
      signal: asked.signal,
    });
  };

  return () => {
    https.request = request;
    globalThis.fetch = fetch;
    agent.destroy();
  };
}

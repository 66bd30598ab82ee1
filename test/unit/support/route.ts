import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

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

  https.request = ((options: https.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const { method, path, headers, host, hostname } = options;
    const asked = hostname ?? host ?? '';
    if (!aws.test(asked)) throw new Error(`A function asked ${asked}, which is no AWS service.`);
    return http.request(
      {
        method,
        path,
        headers: { ...headers, host: asked } as http.OutgoingHttpHeaders,
        host: '127.0.0.1',
        port,
        agent,
      },
      onResponse,
    );
  }) as typeof https.request;

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
  syncBuiltinESMExports();

  return () => {
    https.request = request;
    globalThis.fetch = fetch;
    syncBuiltinESMExports();
    agent.destroy();
  };
}

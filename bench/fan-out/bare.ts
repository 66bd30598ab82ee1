import http from 'node:http';
import type { Variant } from './variant.ts';

/** As many sockets as the service keeps. */
const atOnce = 64;

const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
const { hostname, port, pathname } = new URL(process.env['WEBSOCKET_ENDPOINT'] ?? '');

/** HTTP posts in a loop, unsigned, without errors, time-outs or retries: what Node needs at the least. */
export const variant: Variant = {
  recipients: (ids) => ids.map((id) => `${pathname}/@connections/${encodeURIComponent(id)}`),
  async send(text, paths: string[]) {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': Buffer.byteLength(text) };
    const left = paths.values();
    const work = async (): Promise<void> => {
      for (const path of left) await post(path, headers, text);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, work));
  },
};

function post(path: string, headers: http.OutgoingHttpHeaders, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request({ method: 'POST', hostname, port, path, agent, headers }, (response) => {
      response.resume().once('end', () => resolve());
    });
    request.once('error', reject);
    request.end(text);
  });
}

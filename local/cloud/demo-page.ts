import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { DemoOutputs } from '../demo/outputs.ts';
import type { FrontReply, FrontRoute } from '../gateway/front.ts';

const folder = join(import.meta.dirname, '../../dist/demo');

/** The page's files by path; whatever else is asked for under `/demo` does not exist. */
const files = new Map([
  ['/', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/demo/style.css', { name: 'style.css', type: 'text/css; charset=utf-8' }],
  ['/demo/icon.svg', { name: 'icon.svg', type: 'image/svg+xml' }],
  ['/demo/page.js', { name: 'page.js', type: 'text/javascript; charset=utf-8' }],
  ['/demo/page.js.map', { name: 'page.js.map', type: 'application/json' }],
]);

/**
 * The demo page's places on the front: exactly `/`, and `/demo`. Everything else stays the HTTP API's.
 * @param outputs what the page learns of the running stack
 */
export function demoRoutes(outputs: DemoOutputs): FrontRoute[] {
  const handle = (request: IncomingMessage): Promise<FrontReply> => answer(request, outputs);
  return [
    { prefix: '/', exact: true, handle },
    { prefix: '/demo', handle },
  ];
}

async function answer({ method = 'GET', url = '/', headers }: IncomingMessage, outputs: DemoOutputs) {
  const { pathname } = new URL(url, 'http://embedded');
  if (method !== 'GET' && method !== 'HEAD') return reply(405, 'text/plain', 'Method Not Allowed', headers.host);
  if (pathname === '/demo/outputs.json') return reply(200, 'application/json', JSON.stringify(outputs), headers.host);
  const file = files.get(pathname);
  if (!file) return reply(404, 'text/plain', 'Not Found', headers.host);
  try {
    return reply(200, file.type, await readFile(join(folder, file.name)), headers.host);
  } catch {
    return reply(503, 'text/plain', 'The demo page is not built: npm run build', headers.host);
  }
}

/**
 * The page runs its own script only, with nothing written into the document as markup, and speaks to this host only.
 * `'self'` in `connect-src` does not cover sockets in every browser, so they are named.
 */
function reply(status: number, type: string, body: string | Buffer, host = ''): FrontReply {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // Pictures that somebody sent are shown from the page's memory.
    "img-src 'self' blob:",
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return {
    status,
    headers: {
      'content-type': type,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
    },
    body,
  };
}

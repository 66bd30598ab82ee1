import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import type * as source from '../../client/index.ts';
import type * as multiPart from '../../client/multipart/index.ts';
import { buildClient, type ClientSize } from '../../build/client.ts';

/** A project that has the built package installed. */
let project: string;
let outdir: string;
let sizes: ClientSize[];
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'client-bundle-'));
  outdir = join(project, 'package');
  sizes = await buildClient(outdir);
  mkdirSync(join(project, 'node_modules/@websocket-notification-service'), { recursive: true });
  symlinkSync(outdir, join(project, 'node_modules/@websocket-notification-service/client'));
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the library takes at most 8 KB, minified and gzipped; multi-part messages and reports take more where they are wanted', () => {
  const bounds = sizes.map(({ path, gzipped, maxGzippedBytes }) => [path, gzipped <= maxGzippedBytes, maxGzippedBytes]);
  expect(bounds).toEqual([
    ['index', true, 8_192],
    ['multipart/index', true, 4_096],
    ['report/index', true, 512],
  ]);
});

test('the package depends on nothing, and holds what it names', () => {
  const manifest = JSON.parse(readFileSync(join(outdir, 'package.json'), 'utf8')) as Record<string, unknown>;
  const entries = Object.values(manifest.exports as Record<string, { types: string; default: string }>);
  expect(manifest.dependencies).toBeUndefined();
  expect(entries).toHaveLength(sizes.length);
  const files = manifest.files as string[];
  for (const path of [...entries.flatMap((entry) => Object.values(entry)), ...files, 'README.md', 'LICENSE']) {
    expect([path, existsSync(join(outdir, path))]).toEqual([path, true]);
  }
  for (const { default: module } of entries) {
    const code = readFileSync(join(outdir, module), 'utf8');
    expect(code).not.toMatch(/\brequire\s*\(/);
    expect(code.match(/\b(?:import|from)\s*\(?["'][^"']*["']/g) ?? []).toEqual(
      module.includes('multipart') ? ['from"../index.js"'] : [],
    );
  }
});

test('the module works as it is published', async () => {
  const { createClient } = (await import(join(outdir, 'index.js'))) as { createClient: typeof source.createClient };
  const client = createClient({ url: 'ws://127.0.0.1:1/dvl', token: () => 'token' });
  expect(client.state).toBe('idle');
  await client.close();
});

test('the multi-part module works as it is published, with the errors of the library', async () => {
  const { ServiceError, NotificationError } = (await import(join(outdir, 'index.js'))) as typeof source;
  const { sendMultiPart } = (await import(join(outdir, 'multipart/index.js'))) as typeof multiPart;
  const refuse = (): Promise<never> => Promise.reject(new ServiceError({ statusCode: 403, error: 'Forbidden' }));
  const client = { send: refuse, on: () => () => {} };
  await expect(sendMultiPart(client, 'chat-1', 'text')).rejects.toBeInstanceOf(ServiceError);
  await expect(sendMultiPart(client, 'chat-1', undefined)).rejects.toBeInstanceOf(NotificationError);
});

test('an app that imports only an error class gets only that', async () => {
  const entry = join(project, 'app.js');
  writeFileSync(entry, "export { ServiceError } from '@websocket-notification-service/client';");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  expect(outputFiles[0]?.contents.length).toBeLessThan(1_000);
});

test('the declarations compile in a strict project, for browsers and with ws', () => {
  const entry = join(project, 'app.ts');
  writeFileSync(
    entry,
    `import { createClient, ServiceError, type Message, type Subscription } from '@websocket-notification-service/client';
     import { receiveMultiPart, sendMultiPart } from '@websocket-notification-service/client/multipart';
     import { reportReceipts } from '@websocket-notification-service/client/report';
     export const client = createClient({ url: 'wss://example.com/dvl', token: async () => 'jwt', WebSocket });
     export const chat: Subscription = client.subscribe('chat-1', (message: Message) => message.content, { from: 3 });
     export const stop: () => void = reportReceipts(client, { sample: 0.1 });
     client.on('error', (error) => (error instanceof ServiceError ? error.statusCode : error.code));
     sendMultiPart(client, 'c', new Blob(['b']), { name: 'b.txt', onProgress: ({ sentBytes }) => sentBytes });
     export const parts = receiveMultiPart(client, {
       onContent: ({ bytes, name, mediaType }) => bytes && new File([bytes], name ?? '', { type: mediaType ?? '' }),
     });
     export const id: Promise<string> = client.send({ chatId: 'c', eventType: 'e', content: 1 }).then((r) => r.messageId);`,
  );
  const program = ts.createProgram([entry], {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(problems).toEqual([]);
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import type * as source from '../../client/index.ts';
import { MAX_GZIPPED_BYTES, buildClient, type ClientSize } from '../../build/client.ts';

/** A project that has the built package installed. */
let project: string;
let outdir: string;
let size: ClientSize;
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'client-bundle-'));
  outdir = join(project, 'package');
  size = await buildClient(outdir);
  mkdirSync(join(project, 'node_modules/@websocket-notification-service'), { recursive: true });
  symlinkSync(outdir, join(project, 'node_modules/@websocket-notification-service/client'));
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the whole library takes less than 8 KB, minified and gzipped', () => {
  expect(size.gzipped).toBeLessThanOrEqual(MAX_GZIPPED_BYTES);
  expect(MAX_GZIPPED_BYTES).toBe(8_192);
});

test('the package depends on nothing, and holds what it names', () => {
  const manifest = JSON.parse(readFileSync(join(outdir, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { types, default: main } = (manifest.exports as Record<string, { types: string; default: string }>)['.'] ?? {};
  expect(manifest.dependencies).toBeUndefined();
  for (const path of [types, main, 'README.md', 'LICENSE']) expect(existsSync(join(outdir, String(path)))).toBe(true);
  expect(readFileSync(join(outdir, 'index.js'), 'utf8')).not.toMatch(/\b(import|require)\s*[({"']/);
});

test('the module works as it is published', async () => {
  const { createClient } = (await import(join(outdir, 'index.js'))) as { createClient: typeof source.createClient };
  const client = createClient({ url: 'ws://127.0.0.1:1/dvl', token: () => 'token' });
  expect(client.state).toBe('idle');
  await client.close();
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
     export const client = createClient({ url: 'wss://example.com/dvl', token: async () => 'jwt', WebSocket });
     export const chat: Subscription = client.subscribe('chat-1', (message: Message) => message.content, { from: 3 });
     client.on('error', (error) => (error instanceof ServiceError ? error.statusCode : error.code));
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

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../dist/functions');
const kilobyte = 1000;

/** Cold starts grow with what is loaded; the authorizer stands before every connection. */
const most = (name: string): number => (name === 'websocket-authorizer' ? 60 : 500) * kilobyte;

test.each(readdirSync(folder))('the bundle of %s is small enough to start fast', (name) => {
  expect(statSync(join(folder, name, 'index.mjs')).size).toBeLessThan(most(name));
});

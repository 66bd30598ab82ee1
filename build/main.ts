import { join } from 'node:path';
import { buildClient } from './client.ts';
import { buildDemo } from './demo.ts';
import { buildFunctions, kilobytes } from './functions.ts';
import { buildResolvers } from './resolvers.ts';

const root = join(import.meta.dirname, '..');

function report(name: string, bytes: number, remark = ''): void {
  console.log(`${name.padEnd(26)} ${kilobytes(bytes).padStart(8)}   ${remark}`.trimEnd());
}

/** What can be built, each into the folder of its name under `dist`. */
const builds: Record<string, (outdir: string) => Promise<void>> = {
  async functions(outdir) {
    for (const { name, bytes, heaviest } of await buildFunctions(root, outdir))
      report(name, bytes, heaviest.join(', '));
  },
  async resolvers(outdir) {
    for (const { name, characters } of await buildResolvers(root, outdir)) report(name, characters);
  },
  async demo(outdir) {
    report('demo page', await buildDemo(root, outdir));
  },
  async client(outdir) {
    for (const { name, minified, gzipped } of await buildClient(outdir))
      report(name, minified, `${gzipped} bytes gzipped`);
  },
};

/** `node build/main.ts [NAME ..]`: builds what is named, or everything. */
const wanted = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(builds)) {
  const build = builds[name];
  if (!build) throw new Error(`There is no ${name} to build; there are ${Object.keys(builds).join(', ')}`);
  await build(join(root, 'dist', name));
}

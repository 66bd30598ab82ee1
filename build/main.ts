import { join } from 'node:path';
import { buildFunctions, kilobytes } from './functions.ts';
import { buildResolvers } from './resolvers.ts';

const root = join(import.meta.dirname, '..');

for (const { name, bytes, heaviest } of await buildFunctions(root, join(root, 'dist', 'functions'))) {
  console.log(`${name.padEnd(26)} ${kilobytes(bytes).padStart(8)}   ${heaviest.join(', ')}`);
}

for (const { name, characters } of await buildResolvers(root, join(root, 'dist', 'resolvers'))) {
  console.log(`${name.padEnd(26)} ${kilobytes(characters).padStart(8)}`);
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition } from './check-thoroughly.ts';

/** With the packages it was checked by: new ones check anew. */
const remembered = join(import.meta.dirname, '../../../node_modules/.cache/checked-definitions');

/**
 * Checks definitions thoroughly, each only when it has changed since it was last found right: that takes a quarter of a second each, and
 * as much again for loading what it takes.
 * @throws RefusedDefinition of the first that is refused
 */
export async function checkOnce(definitions: readonly Definition[]): Promise<void> {
  const unknown = definitions.filter((definition) => !existsSync(markOf(definition)));
  if (unknown.length === 0) return;
  const { checkThoroughly } = await import('./check-thoroughly.ts');
  mkdirSync(remembered, { recursive: true });
  for (const definition of unknown) {
    await checkThoroughly(definition);
    writeFileSync(markOf(definition), '');
  }
}

function markOf({ name, text, substitutions }: Definition): string {
  return join(
    remembered,
    createHash('sha256')
      .update(JSON.stringify([name, text, substitutions]))
      .digest('hex'),
  );
}

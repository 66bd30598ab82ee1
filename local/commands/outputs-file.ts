import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Advice } from './advice.ts';

/** Where `npm start` writes them. */
export const localOutputs = join(import.meta.dirname, '../../.local/outputs.json');

/**
 * What a command needs from a stack's outputs: those of the embedded cloud, or of the one stack that CDK wrote them for.
 * @param pick takes it from outputs; undefined: they do not have it
 * @param what it is, as in `the logs of redrives`
 * @throws Advice
 */
export function fromOutputs<Wanted>(file: string, pick: (outputs: object) => Wanted | undefined, what: string): Wanted {
  if (!existsSync(file)) {
    throw new Advice(
      `${file} does not exist. Start the embedded cloud with npm start, or name a stack's outputs with --outputs.`,
    );
  }
  const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  for (const outputs of [content, ...Object.values(content)]) {
    const found = pick(outputs);
    if (found !== undefined) return found;
  }
  throw new Advice(`${file} does not name ${what}. Deploy the stack or start the embedded cloud anew.`);
}

import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const original = join(import.meta.dirname, '../../dist/cdk.test');

type Template = {
  Resources: Record<string, { Properties?: { Environment?: { Variables?: Record<string, unknown> } } }>;
};

/**
 * The assembly that tests run, with other values of functions' environment variables, in a folder of its own: for
 * a test that one of the short durations would get in the way of.
 *
 * @param variables by name; every function that has one gets the value.
 * @returns the folder, whose assets are the original's.
 */
export function assemblyWith(variables: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'notification-assembly-'));
  for (const file of readdirSync(original)) {
    if (file.endsWith('.template.json')) writeFileSync(join(folder, file), altered(file, variables));
    else symlinkSync(join(original, file), join(folder, file));
  }
  return folder;
}

function altered(file: string, variables: Record<string, string>): string {
  const template = JSON.parse(readFileSync(join(original, file), 'utf8')) as Template;
  const unused = new Set(Object.keys(variables));
  for (const { Properties } of Object.values(template.Resources)) {
    const own = Properties?.Environment?.Variables ?? {};
    for (const [name, value] of Object.entries(variables)) {
      if (!(name in own)) continue;
      own[name] = value;
      unused.delete(name);
    }
  }
  if (unused.size > 0) throw new Error(`No function has ${[...unused].join(', ')}`);
  return JSON.stringify(template);
}

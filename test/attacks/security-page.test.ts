import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackTable } from './security-table.ts';

const root = join(import.meta.dirname, '../..');

describe('the attack table', () => {
  test.each(attackTable)('names a test that is there: $attack', ({ test: file, named }) => {
    const path = join(root, file);
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain(named);
  });

  test('is the one in SECURITY.md, row by row', () => {
    const section = readFileSync(join(root, 'SECURITY.md'), 'utf8')
      .split(/^## /m)
      .find((part) => part.startsWith('Attack table'));
    const cells = (section ?? '')
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(cells).toEqual(
      attackTable.map(({ attack, answer, test: file }) => [
        attack,
        answer,
        `[${file.replace(/^test\//, '')}](${file})`,
      ]),
    );
  });
});

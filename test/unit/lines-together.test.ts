import { spawn } from 'node:child_process';
import { join } from 'node:path';

const module = join(import.meta.dirname, '../../functions/platform/lines-together.ts');

/** Runs a script that holds lines, in a process whose output is a pipe, as a function's is on AWS. @returns what it wrote. */
async function written(script: string): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { holdLines } from '${module}';\n${script}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    if (text.includes('kill me')) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

describe('lines that are held', () => {
  test('are written together, in their order, when it ends', async () => {
    const text = await written(`
      const write = holdLines();
      for (const line of ['one', 'two', 'three']) process.stdout.write(line + '\\n');
      const { writableLength } = process.stdout;
      write();
      process.stdout.write(writableLength + ' characters were held');
    `);
    expect(text).toBe('one\ntwo\nthree\n14 characters were held');
  });

  test('are written soon, too, when it does not end', async () => {
    const text = await written(`
      holdLines();
      process.stdout.write('kill me\\n');
      setInterval(() => {}, 1_000);
    `);
    expect(text).toBe('kill me\n');
  });

  test('are written when the process ends by itself, at once or by an error', async () => {
    expect(await written(`holdLines(); process.stdout.write('last words\\n'); process.exit(1);`)).toBe('last words\n');
  });

  test('are not held any more afterwards, however often it was done', async () => {
    const text = await written(`
      for (let count = 0; count < 20; count += 1) holdLines()();
      process.stdout.write('kill me\\n');
      for (;;) {}
    `);
    expect(text).toBe('kill me\n');
  });
});

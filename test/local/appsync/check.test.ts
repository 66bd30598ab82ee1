import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCode } from '../../../local/appsync/code/check.ts';

const root = join(import.meta.dirname, '../../..');

function findings(source: string): string[] {
  return checkCode(source).map(({ message }) => message);
}

test.each([
  ['try { f(); } catch {}', 'try'],
  ["throw 'no';", 'throw'],
  ['while (a) {}', 'while'],
  ['do {} while (a);', 'do-while'],
  ['for (let i = 0; i < 3; i = i + 1) {}', 'for with a counter'],
  ['for (const a of b) { continue; }', 'continue'],
  ['out: for (const a of b) {}', 'label'],
  ['let a = 1; a++;', '++'],
  ['let a = 1; --a;', '--'],
  ['const a = ~1;', '~'],
  ['class A {}', 'class'],
  ['const A = class {};', 'class'],
  ['async function f() {}', 'async'],
  ['const f = async () => 1;', 'async'],
  ['function* f() {}', 'generator'],
  ['function f() { return this; }', 'this'],
  ['const a = /x/;', 'regular expression'],
  ['const a = 1n;', 'BigInt'],
  ["const a = 'x' in {};", 'in (Object.hasOwn'],
  ['const a = b instanceof c;', 'instanceof'],
  ['const a = new Date();', 'new'],
  ['const a = Date.now();', 'Date'],
  ['const a = new Map();', 'Map'],
  ['const a = Math.random();', 'Math.random'],
  ['const a = Math.trunc(1);', 'Math.trunc'],
  ['const a = Number("1");', 'Number is supported only for'],
  ['const a = parseInt("1");', 'parseInt'],
  ['const a = Array.isArray([]);', 'Array'],
  ['setTimeout(1);', 'setTimeout'],
  ['const a = globalThis;', 'globalThis'],
  ["const a = 'x'.padStart(3);", 'padStart'],
  ["const a = 'x'.charCodeAt(0);", 'charCodeAt'],
  ["const a = 'x'.localeCompare('y');", 'localeCompare'],
  ['const a = [].sort((x, y) => x - y);', 'sort with an argument'],
  ['function f(g) { return g; } f(() => 1);', 'passing a function'],
  ['function f() { return 1; } const g = f;', 'another name for a function'],
  ['function f() { return () => 1; }', 'returning a function'],
  ['function f(n) { return f(n); }', 'recursion'],
  ['function f(n) { return g(n); } function g(n) { return f(n); }', 'recursion'],
  ["import { x } from 'node:fs';", 'node:fs'],
  ["import { x } from '@aws-appsync/utils/rds';", 'rds'],
  ['export function request(ctx) { ctx.args = {}; }', 'assigning to ctx.args'],
  ["const a = import('x');", 'import()'],
])('refuses %s', (source, named) => {
  expect(findings(source).join('\n')).toContain(named);
});

test.each([
  "import { util } from '@aws-appsync/utils'; export function request(ctx) { ctx.stash.a = util.autoId(); return {}; }",
  'const f = (a) => a; const b = [1].map((x) => f(x)).filter((x) => x > 1);',
  'for (const a of [1]) { if (a) break; } for (const k in {}) { k.slice(1); }',
  'const { a = 1, ...rest } = {}; const b = { ...rest, [a]: a ?? 2 };',
  'const a = `x${1}`; const b = typeof a; delete {}.x; const c = JSON.stringify(Object.keys({}));',
  "switch ('a') { case 'a': break; default: }",
  "import * as ddb from '@aws-appsync/utils/dynamodb'; export const request = (ctx) => ddb.get({ key: ctx.args });",
  'const a = { keys: 1, values: [2] }; const b = a.keys;',
])('takes %s', (source) => {
  expect(findings(source)).toEqual([]);
});

test('names the line', () => {
  expect(checkCode('const a = 1;\n\nthrow a;')).toEqual([{ line: 3, message: 'throw is not supported' }]);
});

describe('the resolvers', () => {
  const sources = ['resolvers', 'resolvers/steps'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const bundles = readdirSync(join(root, 'dist/resolvers'))
    .filter((name) => name.endsWith('.js'))
    .map((name) => `dist/resolvers/${name}`);

  test.each(sources)('%s keeps to APPSYNC_JS', (file) => {
    expect(checkCode(readFileSync(join(root, file), 'utf8'), { modules: 'any' })).toEqual([]);
  });

  test.each(bundles)('%s keeps to APPSYNC_JS', (file) => {
    expect(checkCode(readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });
});

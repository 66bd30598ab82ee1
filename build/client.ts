import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Plugin, build } from 'esbuild';
import ts from 'typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** An entry of the package, and what it may take, minified and gzipped. */
interface Entry {
  name: string;
  /** Of its source in `client`, and, as `.js`, of its module in the package. */
  path: string;
  maxGzippedBytes: number;
}

/** What an app loads: the library, and, only if it wants them, what multi-part messages and reports take on top. */
const ENTRIES: Entry[] = [
  { name: 'client library', path: 'index', maxGzippedBytes: 8 * 1024 },
  { name: 'client multi-part', path: 'multipart/index', maxGzippedBytes: 4 * 1024 },
  { name: 'client reports', path: 'report/index', maxGzippedBytes: 512 },
];

/** What the build measured, in bytes. */
export interface ClientSize extends Entry {
  minified: number;
  gzipped: number;
}

/**
 * Builds the client library into a folder that `npm publish` takes as it is: a minified ES module with its source map for
 * each entry, type declarations, package.json and README. Throws when a module is too large, or its types do not compile.
 */
export async function buildClient(outdir = join(ROOT, 'dist/client')): Promise<ClientSize[]> {
  const sizes = await Promise.all(ENTRIES.map((entry) => bundle(entry, outdir)));
  declare(join(outdir, 'types'));
  for (const name of ['package.json', 'README.md']) copyFileSync(join(ROOT, 'client', name), join(outdir, name));
  copyFileSync(join(ROOT, 'LICENSE'), join(outdir, 'LICENSE'));
  return sizes;
}

/** Other entries import the library's own, as it is published: an app that has both has each class once. */
const libraryOnce: Plugin = {
  name: 'library-once',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/index\.ts$/ }, () => ({ path: '../index.js', external: true }));
  },
};

async function bundle(entry: Entry, outdir: string): Promise<ClientSize> {
  const outfile = join(outdir, `${entry.path}.js`);
  await build({
    entryPoints: [join(ROOT, 'client', `${entry.path}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    sourcemap: true,
    logLevel: 'warning',
    plugins: [libraryOnce],
  });
  const code = readFileSync(outfile);
  const size = { ...entry, minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
  if (size.gzipped <= entry.maxGzippedBytes) return size;
  throw new Error(
    `The ${entry.name} takes ${size.gzipped} bytes gzipped; at most ${entry.maxGzippedBytes} are allowed.`,
  );
}

/** Writes the declarations. Their imports name `.js`, as a published package's do. */
function declare(outdir: string): void {
  const program = ts.createProgram(
    ENTRIES.map(({ path }) => join(ROOT, 'client', `${path}.ts`)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
      strict: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: join(ROOT, 'client'),
      outDir: outdir,
    },
  );
  const { diagnostics } = program.emit();
  const [problem] = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problem) throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
  mkdirSync(outdir, { recursive: true });
  for (const name of readdirSync(outdir, { recursive: true, encoding: 'utf8' })) {
    const file = join(outdir, name);
    if (!name.endsWith('.d.ts')) continue;
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '\.\.?\/[^']+)\.ts'/g, "$1.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, minified, gzipped, maxGzippedBytes } of await buildClient()) {
    console.log(`dist/client/${path}.js: ${minified} bytes minified, ${gzipped} gzipped of ${maxGzippedBytes}`);
  }
}

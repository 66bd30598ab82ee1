import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The whole library, minified and gzipped, stays under this. */
export const MAX_GZIPPED_BYTES = 8 * 1024;

/** What the build measured, in bytes. */
export interface ClientSize {
  minified: number;
  gzipped: number;
}

/**
 * Builds the client library into a folder that `npm publish` takes as it is: one minified ES module with its source map,
 * type declarations, package.json and README. Throws when the module is too large, or its types do not compile.
 */
export async function buildClient(outdir = join(ROOT, 'dist/client')): Promise<ClientSize> {
  const size = await bundle(outdir);
  declare(join(outdir, 'types'));
  for (const name of ['package.json', 'README.md']) copyFileSync(join(ROOT, 'client', name), join(outdir, name));
  copyFileSync(join(ROOT, 'LICENSE'), join(outdir, 'LICENSE'));
  return size;
}

async function bundle(outdir: string): Promise<ClientSize> {
  const outfile = join(outdir, 'index.js');
  await build({
    entryPoints: [join(ROOT, 'client/index.ts')],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    sourcemap: true,
    logLevel: 'warning',
  });
  const code = readFileSync(outfile);
  const size = { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
  if (size.gzipped <= MAX_GZIPPED_BYTES) return size;
  throw new Error(`The client takes ${size.gzipped} bytes gzipped; at most ${MAX_GZIPPED_BYTES} are allowed.`);
}

/** Writes the declarations. Their imports name `.js`, as a published package's do. */
function declare(outdir: string): void {
  const program = ts.createProgram([join(ROOT, 'client/index.ts')], {
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
  });
  const { diagnostics } = program.emit();
  const [problem] = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problem) throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
  mkdirSync(outdir, { recursive: true });
  for (const name of readdirSync(outdir)) {
    const file = join(outdir, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(from '\.\/[^']+)\.ts'/g, "$1.js'"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { minified, gzipped } = await buildClient();
  console.log(`dist/client: ${minified} bytes minified, ${gzipped} gzipped of ${MAX_GZIPPED_BYTES}`);
}

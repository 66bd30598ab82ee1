import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FieldWiring, Step } from '../resolvers/wiring.ts';
import { wiring } from '../resolvers/wiring.ts';
import { readSchema, schemaTypes } from './schema-types.ts';

/** AppSync's limit for the code of one resolver or function, in characters (AWS AppSync endpoints and quotas). */
export const longestCode = 32_768;

/** A pipeline function as infra creates it. `code` is a file beside the manifest. */
export interface FunctionEntry {
  code: string;
  dataSource: string;
}

/** What `dist/resolvers/manifest.json` holds: all that infra needs to create the API's functions and resolvers. */
export interface ResolverManifest {
  functions: Record<string, FunctionEntry>;
  /** By `Type.field`. A unit resolver names its data source, a pipeline resolver its functions in order. */
  fields: Record<string, { code: string; dataSource: string } | { code: string; functions: string[] }>;
}

/**
 * Bundles every resolver and pipeline function for AppSync's runtime into `outdir/NAME.js`, with `manifest.json` beside
 * them, and writes the types of the schema that resolvers are checked against.
 *
 * @param root the project's folder
 * @returns each bundle's name and its length in characters
 * @throws when a field of Query or Mutation has no resolver or a resolver no field, when a file is not wired, or when
 *   AppSync would refuse a bundle for its length
 */
export async function buildResolvers(root: string, outdir: string): Promise<{ name: string; characters: number }[]> {
  const schema = readFileSync(join(root, 'schema.graphql'), 'utf8');
  writeSchemaTypes(root, schema);
  const files = readdirSync(join(root, 'resolvers')).filter((name) => /^[A-Z]\w*\.\w+\.ts$/.test(name));
  const steps = readdirSync(join(root, 'resolvers', 'steps')).filter((name) => name.endsWith('.ts'));
  checkNames(schema, files.map(withoutExtension), steps.map(withoutExtension));

  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const sources = [
    ...files.map((file) => join('resolvers', file)),
    ...steps.map((file) => join('resolvers', 'steps', file)),
  ];
  const bundles = await Promise.all(sources.map((source) => bundle(root, source, outdir)));
  writeFileSync(join(outdir, 'manifest.json'), `${JSON.stringify(manifestOf(wiring), null, 2)}\n`);
  return bundles;
}

function writeSchemaTypes(root: string, schema: string): void {
  const file = join(root, 'resolvers', 'generated', 'schema.ts');
  const types = schemaTypes(schema);
  if (readFileSync(file, 'utf8') !== types) writeFileSync(file, types);
}

function withoutExtension(file: string): string {
  return file.slice(0, -'.ts'.length);
}

/** Every field has a file and a wiring, and nothing else has; every wired step has a file, and every step's file is wired. */
export function checkNames(
  schema: string,
  files: string[],
  steps: string[],
  wired: Record<string, FieldWiring> = wiring,
): void {
  const types = readSchema(schema);
  const roots = [types.getQueryType(), types.getMutationType()].filter((type) => type !== null && type !== undefined);
  const fields = roots.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
  const wiredSteps = Object.values(wired).flatMap((field) =>
    'steps' in field ? field.steps.map(({ code }) => code) : [],
  );
  const complaints = [
    ...missing(fields, files).map((name) => `${name} is a field of schema.graphql without a file resolvers/${name}.ts`),
    ...missing(files, fields).map((name) => `resolvers/${name}.ts is no field of schema.graphql`),
    ...missing(fields, Object.keys(wired)).map((name) => `${name} is not in resolvers/wiring.ts`),
    ...missing(Object.keys(wired), fields).map(
      (name) => `${name} in resolvers/wiring.ts is no field of schema.graphql`,
    ),
    ...missing(wiredSteps, steps).map(
      (name) => `resolvers/wiring.ts names a step without a file resolvers/steps/${name}.ts`,
    ),
    ...missing(steps, wiredSteps).map((name) => `resolvers/steps/${name}.ts is in no pipeline of resolvers/wiring.ts`),
  ];
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
}

function missing(needed: string[], present: string[]): string[] {
  return [...new Set(needed.filter((name) => !present.includes(name)))];
}

async function bundle(root: string, source: string, outdir: string): Promise<{ name: string; characters: number }> {
  const name = withoutExtension(source.split(/[/\\]/).at(-1) ?? source);
  const outfile = join(outdir, `${name}.js`);
  await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'esnext',
    platform: 'node',
    external: ['@aws-appsync/utils', '@aws-appsync/utils/*'],
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
  });
  const characters = readFileSync(outfile, 'utf8').length;
  if (characters > longestCode) throw new Error(`${name}: ${characters} characters; AppSync takes ${longestCode}`);
  return { name, characters };
}

function manifestOf(wired: Record<string, FieldWiring>): ResolverManifest {
  const manifest: ResolverManifest = { functions: {}, fields: {} };
  for (const [name, field] of Object.entries(wired)) {
    const code = `${name}.js`;
    if ('dataSource' in field) {
      manifest.fields[name] = { code, dataSource: field.dataSource };
    } else {
      for (const step of field.steps)
        manifest.functions[functionName(step)] = { code: `${step.code}.js`, dataSource: step.dataSource };
      manifest.fields[name] = { code, functions: field.steps.map(functionName) };
    }
  }
  return manifest;
}

/** Functions belong to one data source, so the same code on two of them is two functions. */
function functionName({ code, dataSource }: Step): string {
  return `${code}On${dataSource}`;
}

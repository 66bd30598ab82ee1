import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A resource of the template as written, before intrinsics are resolved. */
export type TemplateResource = { Type: string; Properties?: Record<string, unknown>; DependsOn?: string | string[] };

export type Template = {
  Resources: Record<string, TemplateResource>;
  Outputs?: Record<string, { Value: unknown }>;
  Parameters?: Record<string, unknown>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, unknown>;
  Transform?: unknown;
};

/** A synthesized cloud assembly with one stack: its name, its template, and where an asset's files lie. */
export type Assembly = { stackName: string; template: Template; assetPath(objectKey: string): string };

type Manifest = {
  artifacts: Record<
    string,
    { type: string; properties?: { templateFile?: string; stackName?: string; file?: string } }
  >;
};

/**
 * Reads what `cdk synth` wrote.
 * @param folder the assembly's folder, with `manifest.json`
 * @throws Error when the folder holds no assembly, or not exactly one stack
 */
export function readAssembly(folder: string): Assembly {
  const manifestFile = join(folder, 'manifest.json');
  if (!existsSync(manifestFile)) throw new Error(`${folder} holds no cloud assembly. Run "npm run synth" first.`);
  const manifest = readJson(manifestFile) as Manifest;
  const artifacts = Object.entries(manifest.artifacts);
  const stacks = artifacts.filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (!stack || stacks.length !== 1) throw new Error(`${folder} holds ${stacks.length} stacks; expected one.`);
  const [artifactName, { properties }] = stack;
  const assetFiles = artifacts.flatMap(([, artifact]) => (artifact.properties?.file ? [artifact.properties.file] : []));
  const assets = new Map(assetFiles.flatMap((file) => assetEntries(join(folder, file))));
  return {
    stackName: properties?.stackName ?? artifactName,
    template: readJson(join(folder, properties?.templateFile ?? `${artifactName}.template.json`)) as Template,
    assetPath(objectKey) {
      const path = assets.get(objectKey);
      if (!path) throw new Error(`The asset manifest names no file for ${objectKey}.`);
      return resolve(folder, path);
    },
  };
}

function assetEntries(file: string): [string, string][] {
  if (!existsSync(file)) return [];
  const { files = {} } = readJson(file) as {
    files?: Record<string, { source: { path?: string }; destinations: Record<string, { objectKey: string }> }>;
  };
  return Object.values(files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map(({ objectKey }): [string, string] => [objectKey, source.path ?? '']),
  );
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

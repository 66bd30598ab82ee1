import type { Assembly, TemplateResource } from './assembly.ts';
import { type Deployment, givenName, identityOfResource, pseudoParameter } from './identities.ts';
import { type Identity, resolveIntrinsics } from './intrinsics.ts';

/** A property that the embedded cloud acts upon, or leaves without effect here for the reason given. */
export type PropertySupport = 'implemented' | { noEffect: string };

/** Per resource type, every property it may have. What is not listed is refused. */
export type SupportedResources = Record<string, Readonly<Record<string, PropertySupport>>>;

/** A resource with all intrinsics resolved. */
export type StackResource = {
  logicalId: string;
  type: string;
  ref: string;
  attributes: Record<string, string>;
  properties: Record<string, unknown>;
};

/** A template resolved for one deployment. */
export type Stack = {
  where: Deployment;
  outputs: Record<string, string>;
  ofType(type: string): StackResource[];
};

/**
 * Resolves a template, and refuses by name whatever the embedded cloud does not implement, so that nothing in it is silently ignored.
 * @throws Error listing every unknown resource type, property and template section
 */
export function resolveStack(assembly: Assembly, where: Deployment, supported: SupportedResources): Stack {
  const { template } = assembly;
  const problems = unsupportedParts(template.Resources, supported);
  for (const section of ['Parameters', 'Conditions', 'Mappings', 'Transform'] as const) {
    if (template[section] !== undefined) problems.push(`template section ${section}`);
  }
  if (problems.length > 0) {
    throw new Error(
      `The embedded cloud does not implement:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  const identities = new Map<string, Identity>();
  const identityOf = (name: string): Identity | undefined => {
    const known = identities.get(name) ?? pseudoParameter(name, where);
    if (known) return known;
    const resource = template.Resources[name];
    if (!resource) return undefined;
    const given = resolveIntrinsics(givenName(resource), identityOf);
    const made = identityOfResource(name, resource, given === undefined ? undefined : String(given), where);
    identities.set(name, made);
    return made;
  };
  const resources = Object.entries(template.Resources).map(([logicalId, resource]): StackResource => {
    const { ref, attributes } = identityOf(logicalId) ?? { ref: logicalId, attributes: {} };
    const properties = resolveIntrinsics(resource.Properties ?? {}, identityOf) as Record<string, unknown>;
    return { logicalId, type: resource.Type, ref, attributes, properties };
  });
  const outputs = Object.entries(template.Outputs ?? {}).map(([name, { Value }]): [string, string] => [
    name,
    String(resolveIntrinsics(Value, identityOf)),
  ]);
  return {
    where,
    outputs: Object.fromEntries(outputs),
    ofType: (type) => resources.filter((resource) => resource.type === type),
  };
}

function unsupportedParts(resources: Record<string, TemplateResource>, supported: SupportedResources): string[] {
  return Object.entries(resources).flatMap(([logicalId, { Type, Properties = {} }]) => {
    const properties = supported[Type];
    if (!properties) return [`resource type ${Type} (${logicalId})`];
    const unknown = Object.keys(Properties).filter((property) => !(property in properties));
    return unknown.map((property) => `property ${property} of ${Type} (${logicalId})`);
  });
}

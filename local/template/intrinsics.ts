/** What `Ref` and `Fn::GetAtt` give for one resource or pseudo parameter. */
export type Identity = { ref: string; attributes: Record<string, string> };

/**
 * Resolves CloudFormation intrinsics in a value: Ref, Fn::GetAtt, Fn::Join, Fn::Sub.
 * @param identityOf the identity of a logical id or pseudo parameter; undefined when the template has no such name
 * @throws Error naming any other intrinsic, an unknown name, or an attribute that is not implemented
 */
export function resolveIntrinsics(value: unknown, identityOf: (name: string) => Identity | undefined): unknown {
  const resolve = (inner: unknown): unknown => resolveIntrinsics(inner, identityOf);
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? ['', undefined];
  if (entries.length !== 1 || !(name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  }
  switch (name) {
    case 'Ref':
      return identity(String(argument), identityOf).ref;
    case 'Fn::GetAtt':
      return attribute(argument as string | string[], identityOf);
    case 'Fn::Join': {
      const [separator, parts] = argument as [string, unknown];
      return (resolve(parts) as unknown[]).map(String).join(separator);
    }
    case 'Fn::Sub':
      return substitute(argument as string | [string, Record<string, unknown>], identityOf);
    case 'Condition':
      // Not the intrinsic but a policy statement's or filter's key when its value is an object.
      if (typeof argument === 'object') return { Condition: resolve(argument) };
      throw notImplemented(name);
    default:
      throw notImplemented(name);
  }
}

function substitute(
  argument: string | [string, Record<string, unknown>],
  identityOf: (name: string) => Identity | undefined,
): string {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
  return text.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (name in variables) return String(resolveIntrinsics(variables[name], identityOf));
    return name.includes('.') ? attribute(name, identityOf) : identity(name, identityOf).ref;
  });
}

function attribute(argument: string | string[], identityOf: (name: string) => Identity | undefined): string {
  const [logicalId = '', ...rest] = Array.isArray(argument) ? argument : argument.split('.');
  const name = rest.join('.');
  const value = identity(logicalId, identityOf).attributes[name];
  if (value === undefined) throw new Error(`Fn::GetAtt ${logicalId}.${name} is not implemented by the embedded cloud.`);
  return value;
}

function identity(name: string, identityOf: (name: string) => Identity | undefined): Identity {
  const found = identityOf(name);
  if (!found) throw new Error(`The template refers to ${name}, which it does not define.`);
  return found;
}

function notImplemented(name: string): Error {
  return new Error(
    `Intrinsic ${name} is not implemented by the embedded cloud (implemented: Ref, Fn::GetAtt, Fn::Join, Fn::Sub).`,
  );
}

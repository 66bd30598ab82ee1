import type { PropertySupport } from './template/stack.ts';

/**
 * Throws when `properties` names one that `known` does not list: silence would pass for support.
 * @param owner the resource or property type, e.g. `AWS::DynamoDB::Table`, for the message
 */
export function refuseUnknownProperties(
  owner: string,
  properties: object,
  known: Readonly<Record<string, PropertySupport>>,
): void {
  const unknown = Object.keys(properties).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) {
    throw new Error(`The embedded cloud does not implement ${unknown.map((name) => `${owner}.${name}`).join(', ')}.`);
  }
}

import { isObject, type Json, type JsonObject } from '../json.ts';

/**
 * A shape of an SDK's model, as its clients carry it: a number for simple shapes (64 and more: a list, 128 and more: a map of them), else
 * `[kind, namespace, name, traits, ..]`, or a function that gives one.
 */
export type Shape = number | Compound | (() => Shape);
type Compound = readonly [kind: number, namespace: string, name: string, traits: unknown, ...rest: unknown[]];

const simple = 0;
const list = 1;
const map = 2;
const structure = 3;
const union = 4;
const blob = 21;
const streamingBlob = 42;
const listOf = 64;
const mapOf = 128;

/** Parameters or results that the integration does not take or give. */
export class UnknownShape extends Error {}

/** An operation's input and output. */
export function shapesOf(operation: unknown): { input: Shape; output: Shape } {
  const [, , , , input, output] = operation as [number, string, string, unknown, Shape, Shape];
  return { input, output };
}

/**
 * Arguments of a state as the SDK takes them: Step Functions spells every parameter in PascalCase, the SDK as the service does
 * (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
 * @throws UnknownShape naming a parameter that there is not, or binary data
 */
export function toParameters(shape: Shape, value: Json, place: string): unknown {
  return convert(shape, value, place, (members, name) => {
    const member = members.find((candidate) => upperFirst(candidate) === name);
    return member === undefined ? undefined : { member, as: member };
  });
}

/** What an SDK answered as the state's result: PascalCase, times as text. @throws UnknownShape for binary data */
export function toResult(shape: Shape, value: unknown): Json {
  const plain = JSON.parse(JSON.stringify(value)) as Json;
  return convert(shape, plain, '', (members, name) =>
    members.includes(name) ? { member: name, as: upperFirst(name) } : 'leave out',
  ) as Json;
}

/** The parameters of a Task that are known before it runs and that there are not. */
export function unknownParameters(shape: Shape, value: Json, place: string): string[] {
  try {
    toParameters(shape, value, place);
    return [];
  } catch (error) {
    if (error instanceof UnknownShape) return [error.message];
    throw error;
  }
}

type Naming = (members: string[], name: string) => { member: string; as: string } | 'leave out' | undefined;

function convert(given: Shape, value: Json, place: string, naming: Naming): unknown {
  const shape = resolve(given);
  if (isBinary(shape)) throw new UnknownShape(`${place}: binary data is not implemented by the embedded cloud`);
  const [kind, inner] = partsOf(shape);
  if (kind === list && Array.isArray(value)) {
    return value.map((element, index) => convert(inner, element, `${place}[${index}]`, naming));
  }
  if (!isObject(value)) return value;
  if (kind === map) return mapFields(value, (name, field) => [name, convert(inner, field, `${place}/${name}`, naming)]);
  if (kind !== structure && kind !== union) return value;
  const members = membersOf(shape);
  return mapFields(value, (name, field) => {
    const named = naming([...members.keys()], name);
    if (named === 'leave out') return undefined;
    if (!named) throw new UnknownShape(`${place}: there is no parameter ${name}; there are ${namesOf(members)}`);
    return [named.as, convert(members.get(named.member) ?? simple, field, `${place}/${name}`, naming)];
  });
}

function mapFields(
  value: JsonObject,
  change: (name: string, field: Json) => [string, unknown] | undefined,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => {
      const changed = change(name, field);
      return changed ? [changed] : [];
    }),
  );
}

function resolve(shape: Shape): number | Compound {
  return typeof shape === 'function' ? resolve(shape()) : shape;
}

function isBinary(shape: number | Compound): boolean {
  return shape === blob || shape === streamingBlob;
}

/** The kind, and of lists and maps the shape of what is in them. */
function partsOf(shape: number | Compound): [kind: number, inner: Shape] {
  if (typeof shape === 'number') {
    if (shape >= mapOf) return [map, shape - mapOf];
    return shape >= listOf ? [list, shape - listOf] : [simple, simple];
  }
  const [kind, , , , first, second] = shape as unknown as [number, string, string, unknown, Shape, Shape];
  return kind === map ? [map, second] : [kind, first];
}

function membersOf(shape: number | Compound): Map<string, Shape> {
  if (typeof shape === 'number') return new Map();
  const [, , , , names, shapes] = shape as unknown as [number, string, string, unknown, string[], Shape[]];
  return new Map(names.map((name, index) => [name, shapes[index] ?? simple]));
}

function namesOf(members: Map<string, Shape>): string {
  return [...members.keys()].map(upperFirst).join(', ');
}

function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

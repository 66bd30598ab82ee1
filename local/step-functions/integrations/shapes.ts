import { isObject, type Json, type JsonObject } from '../json.ts';
import { javaName } from './java-names.ts';

/**
 * A shape of an SDK's model, as its clients carry it: a number for simple shapes (64 and more: a list, 128 and more: a map of them), else
 * `[kind, namespace, name, traits, ..]`; or a function that gives one, or one with the traits of the member that has it.
 */
export type Shape = number | Compound | WithTraits | (() => Shape);
type Compound = readonly [kind: number, namespace: string, name: string, traits: unknown, ...rest: unknown[]];
type WithTraits = readonly [shape: Shape, traits: number | object];

const simple = 0;
const list = 1;
const map = 2;
const structure = 3;
const union = 4;
const blob = 21;
const streamingBlob = 42;
const listOf = 64;
const mapOf = 128;
const idempotencyToken = 0b100;

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
    const member = members.find((candidate) => javaName(candidate) === name);
    return member === undefined ? undefined : { member, as: member };
  });
}

/** What an SDK answered as the state's result: PascalCase, times as text. @throws UnknownShape for binary data */
export function toResult(shape: Shape, value: unknown): Json {
  const plain = JSON.parse(JSON.stringify(value)) as Json;
  return convert(shape, plain, '', (members, name) =>
    members.includes(name) ? { member: name, as: javaName(name) } : 'leave out',
  ) as Json;
}

/**
 * The parameters that Step Functions wants to see in a definition, in PascalCase: those the API requires, and idempotency tokens, which SDKs
 * make up and Step Functions does not.
 */
export function requiredParameters(input: Shape): string[] {
  const shape = resolve(input);
  if (typeof shape === 'number') return [];
  const [, , , , names, shapes, required = 0] = shape as unknown as [
    ...[number, string, string, unknown],
    ...[string[], Shape[], number | undefined],
  ];
  return names.filter((_name, index) => index < required || isIdempotencyToken(shapes[index])).map(javaName);
}

/** Traits are bits, or named when one of them has a value. */
function isIdempotencyToken(shape: Shape | undefined): boolean {
  if (shape === undefined || typeof shape === 'function' || typeof shape === 'number' || !isWithTraits(shape))
    return false;
  const [, traits] = shape;
  return typeof traits === 'number' ? (traits & idempotencyToken) !== 0 : 'idempotencyToken' in traits;
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
  if (typeof shape === 'function') return resolve(shape());
  return isWithTraits(shape) ? resolve(shape[0]) : shape;
}

function isWithTraits(shape: number | Compound | WithTraits): shape is WithTraits {
  return typeof shape !== 'number' && shape.length === 2;
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
  return [...members.keys()].map(javaName).join(', ');
}

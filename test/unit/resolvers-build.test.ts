import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse } from 'graphql';
import { checkNames } from '../../build/resolvers.ts';
import { schemaTypes } from '../../build/schema-types.ts';

const root = join(import.meta.dirname, '../..');
const schema = 'type Query { a: String b: String }';
const unit = { dataSource: 'Chats' as const };

test.each([
  [
    'a field without a file',
    ['Query.a'],
    [],
    { 'Query.a': unit, 'Query.b': unit },
    'Query.b is a field of schema.graphql without a file',
  ],
  [
    'a file without a field',
    ['Query.a', 'Query.b', 'Query.c'],
    [],
    { 'Query.a': unit, 'Query.b': unit },
    'resolvers/Query.c.ts is no field',
  ],
  [
    'a field that is not wired',
    ['Query.a', 'Query.b'],
    [],
    { 'Query.a': unit },
    'Query.b is not in resolvers/wiring.ts',
  ],
  [
    'a wired name that is no field',
    ['Query.a', 'Query.b'],
    [],
    { 'Query.a': unit, 'Query.b': unit, 'Query.c': unit },
    'Query.c in resolvers/wiring.ts',
  ],
  [
    'a step without a file',
    ['Query.a', 'Query.b'],
    [],
    { 'Query.a': unit, 'Query.b': { steps: [{ code: 'x', dataSource: 'Chats' as const }] } },
    'names a step without a file',
  ],
  [
    'a step in no pipeline',
    ['Query.a', 'Query.b'],
    ['x'],
    { 'Query.a': unit, 'Query.b': unit },
    'resolvers/steps/x.ts is in no pipeline',
  ],
])('the build refuses %s', (_, files, steps, wired, message) => {
  expect(() => checkNames(schema, files, steps, wired)).toThrow(message);
});

test('the committed types are those of the schema', () => {
  const committed = readFileSync(join(root, 'resolvers/generated/schema.ts'), 'utf8');
  expect(committed).toBe(schemaTypes(readFileSync(join(root, 'schema.graphql'), 'utf8')));
});

test('types follow the schema: lists, nulls, arguments', () => {
  const types = schemaTypes(
    'type Query { page(limit: Int, ids: [ID!]!): Page! } type Page { items: [Float]! next: String }',
  );
  expect(types).toContain('export interface QueryPageArgs {\n  limit?: number | null;\n  ids: string[];\n}');
  expect(types).toContain('export interface Page {\n  items: (number | null)[];\n  next?: string | null;\n}');
});

describe('every type and field of the schema', () => {
  const source = readFileSync(join(root, 'schema.graphql'), 'utf8');
  const types = parse(source).definitions.filter(
    (definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION,
  );
  const parts = types.flatMap((type) => [
    { name: type.name.value, kind: type.kind, node: type },
    ...(type.fields ?? []).map((field) => ({
      name: `${type.name.value}.${field.name.value}`,
      kind: type.kind,
      node: field,
    })),
  ]);

  test.each(parts)('$name is described, and says who may see it', ({ kind, node }) => {
    expect(node.description?.value).toMatch(/\w/);
    const directives = (node.directives ?? []).map((directive) => directive.name.value);
    expect(directives).toEqual(kind === Kind.OBJECT_TYPE_DEFINITION ? ['aws_cognito_user_pools'] : []);
  });
});

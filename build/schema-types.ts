import {
  buildASTSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
} from 'graphql';
import type { GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLOutputType, GraphQLSchema } from 'graphql';
import { parse } from 'graphql';

/** TypeScript's name for each scalar as resolvers see it: ids and dates are text, AWSJSON leaves a resolver as JSON text. */
const scalars: Record<string, string> = {
  ID: 'string',
  String: 'string',
  Int: 'number',
  Float: 'number',
  Boolean: 'boolean',
};

/** What AppSync adds to every schema, as far as this one uses it. */
const prelude = `
scalar AWSDateTime
scalar AWSJSON
directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
`;

/** The schema as graphql-js knows it, with AppSync's scalars and directives. */
export function readSchema(source: string): GraphQLSchema {
  return buildASTSchema(parse(prelude + source));
}

/**
 * TypeScript types of the schema's results, inputs and arguments (`QueryMessagesArgs`), for resolvers.
 *
 * @param source text of schema.graphql
 * @returns text of a TypeScript module
 */
export function schemaTypes(source: string): string {
  const schema = readSchema(source);
  const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));
  const blocks = types.flatMap((type) => declarationsOf(type));
  return ['// Written by the build from schema.graphql.', ...blocks].join('\n\n') + '\n';
}

function declarationsOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) {
    return [
      `export type ${type.name} = ${type
        .getValues()
        .map(({ name }) => `'${name}'`)
        .join(' | ')};`,
    ];
  }
  if (isInputObjectType(type)) return [interfaceOf(type.name, Object.values(type.getFields()))];
  if (!isObjectType(type)) return [];
  const fields = Object.values(type.getFields());
  if (type.name === 'Query' || type.name === 'Mutation')
    return fields.flatMap((field) => argumentsOf(type.name, field));
  return [interfaceOf(type.name, fields)];
}

function argumentsOf(typeName: string, field: GraphQLField<unknown, unknown>): string[] {
  if (field.args.length === 0) return [];
  const name = field.name.charAt(0).toUpperCase() + field.name.slice(1);
  return [interfaceOf(`${typeName}${name}Args`, field.args)];
}

function interfaceOf(
  name: string,
  members: readonly { name: string; type: GraphQLInputType | GraphQLOutputType }[],
): string {
  const lines = members.map((member) => {
    const optional = isNonNullType(member.type) ? '' : '?';
    return `  ${member.name}${optional}: ${nameOf(member.type)};`;
  });
  return `export interface ${name} {\n${lines.join('\n')}\n}`;
}

function nameOf(type: GraphQLInputType | GraphQLOutputType): string {
  if (!isNonNullType(type)) return `${nameOfNonNull(type)} | null`;
  return nameOfNonNull(type.ofType);
}

function nameOfNonNull(type: GraphQLInputType | GraphQLOutputType): string {
  if (isListType(type)) {
    const item = nameOf(type.ofType);
    return item.includes(' ') ? `(${item})[]` : `${item}[]`;
  }
  if (isScalarType(type)) return scalars[type.name] ?? 'string';
  return String(type);
}

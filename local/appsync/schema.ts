import { buildASTSchema, type GraphQLNamedType, type GraphQLSchema, isScalarType, parse } from 'graphql';
import { awsScalars } from './scalars.ts';

/** What AppSync knows besides what a schema declares. */
const prelude = `
${awsScalars.map(({ name }) => `scalar ${name}`).join('\n')}
directive @aws_auth(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
`;

/** A schema as AppSync takes it, with AWS's scalars at work. */
export function appSyncSchema(definition: string): GraphQLSchema {
  const schema = buildASTSchema(parse(prelude + definition));
  for (const scalar of awsScalars) {
    const declared: GraphQLNamedType | undefined = schema.getType(scalar.name);
    if (isScalarType(declared)) {
      declared.serialize = scalar.serialize;
      declared.parseValue = scalar.parseValue;
      declared.parseLiteral = scalar.parseLiteral;
    }
  }
  return schema;
}

import {
  defaultFieldResolver,
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { answer, fieldError, type HttpReply, invalid, preflight, refusal } from './answer.ts';
import { authorizeField, type CognitoIdentity, identityOf } from './authorization.ts';
import { type AppSyncDefinition, checkDefinition } from './definition.ts';
import { infoOf } from './info.ts';
import { depthOf, ResolverCount } from './limits.ts';
import { buildResolvers, type Printed, type RoleAccess } from './build-resolvers.ts';
import { type GraphqlRequest, readRequest } from './request.ts';
import { type Resolver, runResolver } from './resolver.ts';
import { appSyncSchema } from './schema.ts';
import { checkToken, type TokenVerifier } from './tokens.ts';

/** An HTTP request to the API's `/graphql`. Names of headers are in lower case. */
export interface HttpRequest {
  method: string;
  headers: Record<string, string>;
  body: string;
  /** Query parameters of a GET, as in the URL. */
  search?: string;
  /** Where the request came from; the loopback when not given. */
  sourceIp?: string;
}

export interface AppSync {
  handle(request: HttpRequest): Promise<HttpReply>;
}

export interface AppSyncOptions extends AppSyncDefinition, RoleAccess, Printed {
  /** Checks tokens of the API's user pool, e.g. a CognitoJwtVerifier. */
  verifier: TokenVerifier;
}

/**
 * AppSync runs graphql-java, whose parser gives up on a document of more tokens, since what they cost to check grows with
 * their square (https://github.com/graphql-java/graphql-java/pull/2549).
 */
const maxTokens = 15_000;

function parseDocument(source: string): DocumentNode {
  return parse(source, { maxTokens });
}

/** What fields of one request share. */
interface Execution {
  identity: CognitoIdentity;
  headers: Record<string, string>;
  count: ResolverCount;
  appended: ReturnType<typeof fieldError>[];
}

/**
 * AppSync for one API, from its CloudFormation resources: GraphQL over HTTP with Cognito tokens, and resolvers of
 * APPSYNC_JS on DynamoDB, HTTP and NONE data sources.
 *
 * @throws Error that names what the template asks for and the embedded cloud does not implement, or what AppSync would
 *   refuse in the code of a resolver
 */
export function createAppSync(options: AppSyncOptions): AppSync {
  checkDefinition(options);
  const { api, verifier } = options;
  const strategy = api.UserPoolConfig?.DefaultAction ?? 'ALLOW';
  const schema = appSyncSchema(options.schema.Definition);
  attach(schema, buildResolvers(options, schema), api.EnvironmentVariables ?? {});
  const introspection = api.IntrospectionConfig !== 'DISABLED';
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];

  const run = async (
    request: GraphqlRequest,
    identity: CognitoIdentity,
    headers: Record<string, string>,
  ): Promise<HttpReply> => {
    const errors = validate(schema, request.document, rules);
    if (errors.length > 0) return invalid(errors, schema);
    const depth = depthOf(request.document);
    if (api.QueryDepthLimit && depth > api.QueryDepthLimit) {
      return invalid([new GraphQLError(`Query depth ${depth} exceeds the limit of ${api.QueryDepthLimit}.`)], schema);
    }
    const contextValue: Execution = {
      identity,
      headers,
      count: new ResolverCount(api.ResolverCountLimit ?? 0),
      appended: [],
    };
    const { variables: variableValues, operationName } = request;
    const result = await execute({ schema, document: request.document, variableValues, operationName, contextValue });
    return answer(result, schema, contextValue.appended);
  };

  return {
    async handle({ method, headers, body, search, sourceIp = '127.0.0.1' }) {
      if (method === 'OPTIONS') return preflight();
      const checked = await checkToken(headers['authorization'], verifier, api.UserPoolConfig?.AppIdClientRegex);
      if (!checked.claims) return refusal(401, 'UnauthorizedException', checked.message);
      const request = readRequest({ method, body, ...(search === undefined ? {} : { search }) }, parseDocument);
      if ('message' in request) return refusal(request.status, request.errorType, request.message);
      return run(request, identityOf(checked.claims, sourceIp, strategy), headers);
    },
  };
}

/** Gives every field its check of who may see it, and its resolver where it has one. */
function attach(schema: GraphQLSchema, resolvers: Map<string, Resolver>, env: Record<string, string>): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      field.resolve = fieldResolver(resolvers.get(`${type.name}.${field.name}`), env);
    }
  }
}

function fieldResolver(
  resolver: Resolver | undefined,
  env: Record<string, string>,
): GraphQLFieldResolver<unknown, Execution> {
  return async (source, args, execution, info) => {
    authorizeField(info, execution.identity);
    if (!resolver) return defaultFieldResolver(source, args, execution, info) as unknown;
    execution.count.add();
    const invocation = { typeName: info.parentType.name, fieldName: info.fieldName, appended: [] };
    const { identity, headers } = execution;
    const request = { headers, domainName: null };
    try {
      const field = { arguments: args as Record<string, unknown>, identity, source, request, info: infoOf(info), env };
      return await runResolver(resolver, field, invocation);
    } finally {
      const { path, locations } = infoOf(info);
      execution.appended.push(...invocation.appended.map((error) => fieldError(error, path, locations)));
    }
  };
}

import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { type AppSyncOptions, createAppSync } from '../../../local/appsync/appsync.ts';
import { outsideCredentials } from '../../../local/edge/credentials.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = createHash('sha256').update('key').digest('hex');
const userPoolId = 'us-east-1_Test12345';
const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] };

function token(claims: Record<string, unknown> = {}): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const base = {
    sub: 'user-1',
    username: 'bob',
    iss: issuer,
    client_id: 'app',
    token_use: 'access',
    iat: now,
    exp: now + 60,
  };
  const content = `${encode({ alg: 'RS256', kid })}.${encode({ ...base, ...claims })}`;
  return `${content}.${createSign('RSA-SHA256').update(content).sign(privateKey, 'base64url')}`;
}

const definition = `
type Query @aws_cognito_user_pools {
  echo(text: String!, at: AWSDateTime, json: AWSJSON): Echo @aws_cognito_user_pools
  many: [Echo] @aws_cognito_user_pools
  secret: String @aws_cognito_user_pools(cognito_groups: ["admins"])
  forgotten: String
  fails: String @aws_cognito_user_pools
  partly: String @aws_cognito_user_pools
  required: Needy @aws_cognito_user_pools
  who: AWSJSON @aws_cognito_user_pools
}
type Echo @aws_cognito_user_pools { text: String at: AWSDateTime json: AWSJSON inner: Echo hidden: String @aws_cognito_user_pools(cognito_groups: ["admins"]) }
type Needy @aws_cognito_user_pools { value: String! }
schema { query: Query }
`;

const respond = (request: string, response = 'return ctx.result;') =>
  `import { util } from '@aws-appsync/utils';
   export function request(ctx) { ${request} }
   export function response(ctx) { ${response} }`;
const code: Record<string, string> = {
  echo: respond('return { payload: { ...ctx.args, inner: { text: "inner", hidden: "x" } } };'),
  many: respond('return { payload: [{ text: "a" }, { text: "b" }] };'),
  secret: respond('return { payload: "s" };'),
  fails: respond('util.error("It failed", "Kind", { a: 1 }, { hint: 2 });'),
  partly: respond('util.appendError("Hm", "Warning"); return { payload: "ok" };'),
  required: respond('return { payload: {} };'),
  who: respond(
    'return { payload: { identity: ctx.identity, env: ctx.env, info: ctx.info.selectionSetList, stash: ctx.stash } };',
  ),
};

function api(changes: Partial<AppSyncOptions['api']> = {}) {
  const jwksCache = new SimpleJwksCache({
    fetcher: { fetch: () => Promise.resolve(Buffer.from(JSON.stringify(jwks)) as never) },
  });
  const verifier = CognitoJwtVerifier.create({ userPoolId, clientId: 'app', tokenUse: null }, { jwksCache });
  const runtime = { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' };
  return createAppSync({
    api: {
      Name: 'test',
      AuthenticationType: 'AMAZON_COGNITO_USER_POOLS',
      UserPoolConfig: { UserPoolId: userPoolId, DefaultAction: 'ALLOW' },
      EnvironmentVariables: { A: 'b' },
      ...changes,
    },
    schema: { Definition: definition },
    dataSources: [{ Name: 'None', Type: 'NONE' }],
    functions: [],
    resolvers: Object.entries(code).map(([FieldName, Code]) => ({
      TypeName: 'Query',
      FieldName,
      Kind: 'UNIT' as const,
      DataSourceName: 'None',
      Code,
      Runtime: runtime,
    })),
    dynamodb: () => ({}) as DynamoDBClient,
    http: () => ({ edgeUrl: 'http://127.0.0.1:9', credentials: outsideCredentials }),
    verifier,
  });
}

async function post(query: string, options: { api?: ReturnType<typeof api>; token?: string; variables?: object } = {}) {
  const headers = { authorization: options.token ?? token() };
  const { status, body } = await (options.api ?? api()).handle({
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables: options.variables }),
  });
  return { status, ...(JSON.parse(body) as { data?: unknown; errors?: Record<string, unknown>[] }) };
}

describe('who is let in', () => {
  test.each([
    ['no token', '', 'Valid authorization header not provided.'],
    ['something else', 'hello', 'Unable to parse JWT token.'],
    ['an expired token', token({ exp: 1 }), 'Token has expired.'],
    [
      "another pool's token",
      token({ iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other1234' }),
      'You are not authorized to make this call.',
    ],
    ["another client's token", token({ client_id: 'other' }), 'You are not authorized to make this call.'],
    [
      'a forged token',
      `${token().split('.').slice(0, 2).join('.')}.${Buffer.from('x'.repeat(256)).toString('base64url')}`,
      'You are not authorized to make this call.',
    ],
  ])('%s is answered 401', async (_, bad, message) => {
    const { status, errors, data } = await post('{ many { text } }', { token: bad });
    expect({ status, errors, data }).toEqual({
      status: 401,
      errors: [{ errorType: 'UnauthorizedException', message }],
      data: undefined,
    });
  });

  test('resolvers see the claims of the token, the environment and what was selected', async () => {
    const { data } = await post('{ who }', { token: token({ 'cognito:groups': ['admins'] }) });
    const seen = JSON.parse((data as { who: string }).who) as { identity: object };
    expect(seen).toMatchObject({
      identity: {
        sub: 'user-1',
        username: 'bob',
        groups: ['admins'],
        issuer,
        sourceIp: ['127.0.0.1'],
        claims: { client_id: 'app' },
      },
      env: { A: 'b' },
      stash: {},
    });
  });

  test('a browser may ask first', async () => {
    const { status, headers } = await api().handle({ method: 'OPTIONS', headers: {}, body: '' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'access-control-allow-origin': '*' });
  });
});

describe('requests that are none', () => {
  test.each([
    ...['', 'no json', '[]', '[{"query":"{ many { text } }"}]', '{}', '{"query":"{"}'],
    ...['{"query":"{ many { text } }","variables":3}', '{"query":"{ many { text } }","variables":[]}'],
    '{"query":"{ many { text } }","operationName":3}',
  ])('%j is answered 400', async (body) => {
    const answer = await api().handle({ method: 'POST', headers: { authorization: token() }, body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ errorType: 'MalformedHttpRequestException' }] });
  });

  test.each(['', '?query=%7B', '?query=%7B+who+%7D&variables=3', '?query=%7B+who+%7D&variables=%7B'])(
    'GET %s is answered 400',
    async (search) => {
      const answer = await api().handle({ method: 'GET', headers: { authorization: token() }, body: '', search });
      expect(answer.status).toBe(400);
    },
  );

  test('more than 1 MB is answered 413', async () => {
    const body = JSON.stringify({ query: `{ many { text } } # ${'x'.repeat(1024 * 1024)}` });
    const answer = await api().handle({ method: 'POST', headers: { authorization: token() }, body });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ errorType: 'RequestEntityTooLargeException' }] });
  });

  test.each(['PUT', 'DELETE'])('%s is answered 400', async (method) => {
    const body = '{"query":"{ many { text } }"}';
    expect((await api().handle({ method, headers: { authorization: token() }, body })).status).toBe(400);
  });
});

test('a GET brings the query, its variables and the operation’s name as parameters', async () => {
  const query = 'query A { many { text } } query B($text: String!) { echo(text: $text) { text } }';
  const search = `?${new URLSearchParams({ query, variables: '{"text":"t"}', operationName: 'B' }).toString()}`;
  const answer = await api().handle({ method: 'GET', headers: { authorization: token() }, body: '', search });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toEqual({ data: { echo: { text: 't' } } });
});

describe('what fields answer', () => {
  test('values pass through AWS scalars, in and out', async () => {
    const query =
      'query($json: AWSJSON) { echo(text: "t", at: "2026-01-01T00:00:00Z", json: $json) { text at json inner { text } } }';
    const { data } = await post(query, { variables: { json: '{"a":[1]}' } });
    expect(data).toEqual({
      echo: { text: 't', at: '2026-01-01T00:00:00Z', json: '{"a":[1]}', inner: { text: 'inner' } },
    });
  });

  test('util.error makes an error with its type, data and info, and null for the field', async () => {
    const { status, data, errors } = await post('{ fails many { text } }');
    expect(status).toBe(200);
    expect(data).toEqual({ fails: null, many: [{ text: 'a' }, { text: 'b' }] });
    expect(errors).toEqual([
      {
        path: ['fails'],
        data: { a: 1 },
        errorType: 'Kind',
        errorInfo: { hint: 2 },
        locations: [{ line: 1, column: 3, sourceName: null }],
        message: 'It failed',
      },
    ]);
  });

  test('util.appendError makes one beside the value', async () => {
    const { data, errors } = await post('{ partly }');
    expect(data).toEqual({ partly: 'ok' });
    expect(errors).toMatchObject([{ path: ['partly'], errorType: 'Warning', message: 'Hm' }]);
  });

  test("null where the schema has none is an error in AppSync's words", async () => {
    const { data, errors } = await post('{ required { value } }');
    expect(data).toEqual({ required: null });
    expect(errors).toMatchObject([
      { message: "Cannot return null for non-nullable type: 'String' within parent 'Needy' (/required/value)" },
    ]);
  });

  test('a field that is not in the schema is a validation error', async () => {
    const { status, data, errors } = await post('{ nothing }');
    expect(status).toBe(200);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      {
        path: null,
        message: "Validation error of type FieldUndefined: Field 'nothing' in type 'Query' is undefined @ 'nothing'",
      },
    ]);
  });

  test.each([{ at: '2026-02-30T00:00:00Z' }, { at: 'yesterday' }])(
    'a variable that is no AWSDateTime is an error: %j',
    async (variables) => {
      const { data, errors } = await post('query($at: AWSDateTime) { echo(text: "t", at: $at) { text } }', {
        variables,
      });
      expect(data).toBeNull();
      expect(errors?.[0]?.['message']).toContain("Variable 'at' has an invalid value");
    },
  );
});

describe('auth directives', () => {
  const unauthorized = (fieldName: string, typeName: string, path: string[]) => ({
    path,
    data: null,
    errorType: 'Unauthorized',
    errorInfo: null,
    message: `Not Authorized to access ${fieldName} on type ${typeName}`,
  });

  test('a field for a group is refused to others, and its resolver does not run', async () => {
    const { data, errors } = await post('{ secret }');
    expect(data).toEqual({ secret: null });
    expect(errors).toMatchObject([unauthorized('secret', 'Query', ['secret'])]);
    expect((await post('{ secret }', { token: token({ 'cognito:groups': ['admins'] }) })).data).toEqual({
      secret: 's',
    });
  });

  test('a field of a result is checked, too', async () => {
    const { data, errors } = await post('{ echo(text: "t") { text inner { hidden } } }');
    expect(data).toEqual({ echo: { text: 't', inner: { hidden: null } } });
    expect(errors).toMatchObject([unauthorized('hidden', 'Echo', ['echo', 'inner', 'hidden'])]);
  });

  test("a field without a directive has its type's", async () => {
    expect((await post('{ forgotten }')).errors).toBeUndefined();
  });
});

describe('limits', () => {
  test('a query deeper than QueryDepthLimit is not run', async () => {
    const limited = api({ QueryDepthLimit: 2 });
    expect((await post('{ many { text } }', { api: limited })).errors).toBeUndefined();
    const { data, errors } = await post('{ many { ...f } } fragment f on Echo { inner { text } }', { api: limited });
    expect(data).toBeNull();
    expect(errors?.[0]?.['message']).toContain('depth 3');
  });

  test('resolvers beyond ResolverCountLimit are not run', async () => {
    const { data, errors } = await post('{ a: many { text } b: many { text } c: many { text } }', {
      api: api({ ResolverCountLimit: 2 }),
    });
    expect(data).toMatchObject({ a: [{}, {}], b: [{}, {}], c: null });
    expect(errors).toMatchObject([{ path: ['c'], errorType: 'ResolverExecutionLimitReached' }]);
  });

  test('introspection can be off', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect((await post(query)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
    expect((await post(query, { api: api({ IntrospectionConfig: 'DISABLED' }) })).data).toBeNull();
  });
});

test('properties and types the embedded cloud does not implement are refused by name', () => {
  expect(() => api({ ['ApiType' as 'Name']: 'MERGED' })).toThrow('AWS::AppSync::GraphQLApi.ApiType');
  expect(() => api({ AuthenticationType: 'API_KEY' })).toThrow('API_KEY');
});

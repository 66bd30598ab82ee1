import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { Api } from './api.ts';

const none = 'a-chat-that-is-not-there';
/** As many reads as asked for, each under a name of its own. */
const aliased = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: chat(chatId: "${none}") { chatId }`).join(' ')} }`;
/** `depth` levels of fields below `__type`. */
const deep = (depth: number): string =>
  `{ __type(name: "Chat") { ${'ofType { '.repeat(depth - 2)} name ${'} '.repeat(depth - 2)} } }`;

describe('what a request may be', () => {
  let cloud: Cloud;
  let api: Api;

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
  });

  afterAll(() => cloud.stop());

  test('twenty fields of Query are resolved, under whatever names, and no more', async () => {
    const twenty = await api.ask('ada', aliased(20));
    expect([twenty.errors, Object.keys(twenty.data ?? {}).length]).toEqual([undefined, 20]);
    const { status, data, errors } = await api.ask('ada', aliased(23));
    expect(status).toBe(200);
    expect(Object.keys(data ?? {})).toHaveLength(23);
    expect(errors?.map(({ path, errorType, message }) => ({ path, errorType, message }))).toEqual(
      ['a20', 'a21', 'a22'].map((name) => ({
        path: [name],
        errorType: 'ResolverExecutionLimitReached',
        message: 'Resolver invocation limit reached.',
      })),
    );
  });

  test('fifteen levels are answered, sixteen are not', async () => {
    expect((await api.ask('bob', deep(15))).errors).toBeUndefined();
    const { status, data, errors } = await api.ask('bob', deep(16));
    expect([status, data]).toEqual([200, null]);
    expect(errors).toMatchObject([{ path: null, message: expect.stringContaining('depth 16') }]);
  });

  test('several requests in one body are none', async () => {
    const one = { query: '{ __typename }' };
    for (const body of [[one], [one, one], []]) {
      expect(await api.post(await api.token('bob'), JSON.stringify(body))).toEqual({
        status: 400,
        errors: [{ errorType: 'MalformedHttpRequestException', message: 'Unable to parse GraphQL query.' }],
      });
    }
  });

  test('several operations in one document need the name of one', async () => {
    const query = 'query A { __typename } query B { b: __typename }';
    const named = async (operationName?: string) =>
      api.post(await api.token('bob'), JSON.stringify({ query, operationName }));
    expect(await named('B')).toEqual({ status: 200, data: { b: 'Query' } });
    for (const answer of [await named(), await named('C')]) {
      expect(answer).toMatchObject({
        status: 200,
        data: null,
        errors: [{ message: expect.stringMatching(/operation/) }],
      });
    }
  });

  test('fragments in a ring are refused, however many', async () => {
    for (const query of [
      '{ ...A } fragment A on Query { __typename ...A }',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A __typename }',
    ]) {
      const { status, data, errors } = await api.ask('bob', query);
      expect([status, data]).toEqual([200, null]);
      expect(errors?.[0]?.message).toMatch(/^Validation error.*spread/);
    }
  });

  test('fragments that double at every step cost no more than they say', async () => {
    const links = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);
    const query = `{ ...F0 } ${links.join(' ')} fragment F40 on Query { __typename }`;
    expect(await api.ask('bob', query)).toEqual({ status: 200, data: { __typename: 'Query' } });
  });

  test('outside production the schema is shown to whoever signed in', async () => {
    const schema = buildClientSchema(await api.data<IntrospectionQuery & object>('bob', getIntrospectionQuery()));
    expect(Object.keys(schema.getQueryType()?.getFields() ?? {})).toContain('messagesBySequence');
    expect((await api.post(undefined, JSON.stringify({ query: getIntrospectionQuery() }))).status).toBe(401);
  });

  test.each([0, -1, 101, 2_147_483_647])('a page of %i items is InvalidInput', async (limit) => {
    const { errors } = await api.ask(
      'bob',
      `{ permissionsByUser(userId: "${api.userId('bob')}", limit: ${limit}) { nextToken } }`,
    );
    expect(errors).toMatchObject([{ errorType: 'InvalidInput', message: expect.stringContaining('1 to 100') }]);
  });
});

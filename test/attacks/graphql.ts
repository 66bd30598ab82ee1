import { type Attack, graphqlError, overGraphql } from './attack.ts';
import { type Scene, vault } from './scene.ts';

const malformed = graphqlError('MalformedHttpRequestException', 'Unable to parse GraphQL query.', 400);
const refusedToken = graphqlError('InvalidInput', expect.stringContaining('Invalid nextToken'));
const forbidden = graphqlError('Forbidden', 'Forbidden: you do not have the permission this needs.');

async function ask(scene: Scene, query: string, variables = '{}', username = 'mallory'): Promise<object> {
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  return scene.post(await scene.token(username), body);
}

const pageOf = (chatId: string, nextToken: string | null): string =>
  `{ messages(chatId: "${chatId}", limit: 1, nextToken: ${JSON.stringify(nextToken)}) { items { content } nextToken } }`;

const lastId = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ';

/** A page token as the service makes it, for whatever field, chat and position: the check tells damage, not forgery. */
function forgedToken(field: string, scope: unknown[], after: string | number): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';
  const content = { field, scope: JSON.stringify(scope), after };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const check = [...encode(content)].reduce((sum, digit) => (sum * 65 + digits.indexOf(digit)) % 1_000_003, 1);
  return encode({ ...content, check });
}

/** Bob's own token for the next page of a chat with more than one message. */
async function bobsToken(scene: Scene): Promise<string> {
  const all = '{ messages(chatId: "vault", limit: 1) { nextToken } }';
  await scene.as('bob', {}, { chatId: vault, content: scene.secret });
  for (;;) {
    const { messages } = await scene.api.data<{ messages: { nextToken: string | null } }>('bob', all);
    if (messages.nextToken) return messages.nextToken;
  }
}

/** What the tests in test/integration/graphql do not ask. */
export const graphqlAttacks: Attack[] = [
  overGraphql('100,000 levels of braces', (scene) => ask(scene, '{ a '.repeat(100_000)), malformed),
  overGraphql('a field 100,000 times', (scene) => ask(scene, `{ ${'__typename '.repeat(90_000)} }`), malformed),
  overGraphql('a field 14,000 times', (scene) => ask(scene, `{ ${'__typename '.repeat(14_000)} }`), {
    status: 200,
    data: null,
    errors: [{ message: 'Validation error: Validation aborted.' }],
  }),
  overGraphql('20,000 directives', (scene) => ask(scene, `{ __typename ${'@a '.repeat(20_000)} }`), malformed),
  overGraphql('2,000 directives', (scene) => ask(scene, `{ __typename ${'@include(if: true) '.repeat(2000)} }`), {
    status: 200,
    data: null,
    errors: expect.any(Array) as unknown,
  }),
  overGraphql('a request of more than 1 MB', (scene) => ask(scene, `{ __typename } #${'x'.repeat(1_100_000)}`), {
    status: 413,
    errors: [{ errorType: 'RequestEntityTooLargeException' }],
  }),
  overGraphql(
    '100,000 levels of nesting in a variable',
    (scene) => {
      const nested = '['.repeat(100_000) + ']'.repeat(100_000);
      return ask(scene, 'query($id: ID!) { chat(chatId: $id) { chatId } }', `{"id":${nested}}`);
    },
    graphqlError(undefined, expect.stringMatching(/^Variable 'id' has an invalid value/)),
  ),
  ...['1e400', '9007199254740993', '-1', '1.5'].map((number) =>
    overGraphql(
      `a number to read from: ${number}`,
      (scene) => {
        const query = `query($from: Float!) { messagesBySequence(chatId: "${scene.userId('mallory')}", from: $from) { nextToken } }`;
        return ask(scene, query, `{"from":${number}}`);
      },
      { status: 200, errors: [{ message: expect.stringMatching(/from/) as unknown }] },
    ),
  ),
  overGraphql(
    'a limit past 2^31',
    (scene) => ask(scene, 'query($n: Int) { redrives(limit: $n) { nextToken } }', '{"n":4294967296}'),
    {
      status: 200,
      errors: [{ message: expect.stringMatching(/^Variable 'n' has an invalid value/) as unknown }],
    },
  ),
  overGraphql(
    'variables that are a prototype’s',
    (scene) => ask(scene, 'query($id: ID!) { chat(chatId: $id) { chatId } }', '{"__proto__":{"id":"vault"}}'),
    graphqlError(undefined, expect.stringContaining("Variable 'id'")),
  ),
  overGraphql(
    'a variable called __proto__',
    (scene) => ask(scene, 'query($__proto__: ID!) { chat(chatId: $__proto__) { chatId } }', '{"__proto__":"vault"}'),
    { status: 200, errors: expect.any(Array) as unknown },
  ),
  overGraphql(
    'an input whose fields are its prototype’s',
    (scene) => {
      const mutation = 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }';
      return ask(scene, mutation, `{"input":{"__proto__":{"userId":"mallory","chatId":"${vault}"}}}`);
    },
    {
      status: 200,
      errors: expect.arrayContaining([
        expect.objectContaining({
          message: expect.stringContaining('"userId" of required type "ID!" was not provided'),
        }),
      ]) as unknown,
    },
  ),
  overGraphql(
    'a mutation by GET: AppSync takes it with a token in the header, which no link can bring, and rules hold',
    async (scene) => {
      const mutation = `mutation { grantPermission(input: { userId: "mallory", chatId: "${vault}" }) { role } }`;
      const line = `GET /graphql?query=${encodeURIComponent(mutation)}`;
      const [nobody, mallory] = [
        await scene.raw(line, ['cookie: token=x']),
        await scene.raw(line, [`authorization: ${await scene.token('mallory')}`]),
      ];
      return { nobody: nobody.status, mallory: JSON.parse(mallory.body) as object };
    },
    { nobody: 401, mallory: { data: null, errors: [{ errorType: 'Forbidden' }] } },
  ),
  overGraphql(
    'a query as it is, without JSON',
    async (scene) => scene.post(await scene.token('mallory'), '{ __typename }'),
    {
      status: 400,
    },
  ),

  overGraphql(
    'the page token of somebody else’s chat',
    async (scene) => ask(scene, pageOf(vault, await bobsToken(scene))),
    forbidden,
  ),
  overGraphql(
    'the page token of somebody else’s chat, about one’s own',
    async (scene) => ask(scene, pageOf(scene.userId('mallory'), await bobsToken(scene))),
    refusedToken,
  ),
  overGraphql(
    'a page token with one bit turned',
    async (scene) => {
      const bytes = Buffer.from(await bobsToken(scene), 'base64');
      const turned = [...bytes.keys()].map((at) => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ 1;
        return copy.toString('base64');
      });
      const answers = await Promise.all(turned.map((nextToken) => ask(scene, pageOf(vault, nextToken), '{}', 'bob')));
      return { types: [...new Set(answers.map((answer) => JSON.stringify(answer).match(/"errorType":"(\w+)"/)?.[1]))] };
    },
    { types: ['InvalidInput'] },
  ),
  overGraphql(
    'a page token made for a chat of others with the right check: permission is asked every time',
    (scene) => ask(scene, pageOf(vault, forgedToken('messages', [vault, null, null, true], lastId))),
    forbidden,
  ),
  overGraphql(
    'a page token that names a chat of others, about one’s own',
    (scene) => ask(scene, pageOf(scene.userId('mallory'), forgedToken('messages', [vault, null, null, true], lastId))),
    refusedToken,
  ),
  overGraphql(
    'a page token for a list of another role',
    (scene) => ask(scene, `{ redrives(nextToken: "${forgedToken('redrives', [], '0')}") { items { reason } } }`),
    graphqlError('Unauthorized', 'Not Authorized to access redrives on type Query'),
  ),
  overGraphql(
    'chats of others in a filter of dead letters',
    (scene) => ask(scene, `{ deadLetters(queue: "fifo", filter: { chatId: "${vault}" }) { items { body } } }`),
    graphqlError('Unauthorized', 'Not Authorized to access deadLetters on type Query'),
  ),
];

import './support/quiet.ts';
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { handler as authorizer } from '../../functions/websocket-authorizer/handler.ts';
import { Aws } from './support/aws.ts';
import { inSeconds, lambdaContext } from './support/events.ts';
import { table } from './support/tables.ts';
import { TokenIssuer } from './support/tokens.ts';

type Handler = typeof authorizer;

const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/dvl/$connect';
const sub = 'sub-of-ada';

describe('the authorizer', () => {
  let aws: Aws;
  let issuer: TokenIssuer;
  let handler: Handler;

  beforeAll(async () => {
    process.env['ALLOWED_ORIGINS'] = 'https://app.example, http://localhost:3000';
    issuer = new TokenIssuer();
    aws = await Aws.start();
    aws.jwks = issuer.jwks;
    await table('PERMISSIONS_TABLE').put(
      { userId: sub, chatId: 'chat-1', role: 'viewer' },
      { userId: sub, chatId: 'chat-2', role: 'member', expiresAt: inSeconds(60) },
      { userId: sub, chatId: 'hub-1', role: 'member' },
      { userId: sub, chatId: 'org-1', role: 'member' },
      { userId: sub, chatId: 'project-1', role: 'member' },
      { userId: sub, chatId: 'ended', role: 'admin', expiresAt: inSeconds(-1) },
      ...Array.from({ length: 51 }, (_row, index) => ({ userId: sub, chatId: `many-${index}`, role: 'member' })),
    );
    // Loaded only now, since the token verifier takes node:https as it finds it.
    ({ handler } = await import('../../functions/websocket-authorizer/handler.ts'));
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  function ask(query: Record<string, string>, headers: Record<string, string> = {}) {
    return handler(
      {
        methodArn,
        headers,
        queryStringParameters: query,
        multiValueQueryStringParameters: Object.fromEntries(
          Object.entries(query).map(([name, value]) => [name, value.split('&')]),
        ),
      } as unknown as APIGatewayRequestAuthorizerEvent,
      lambdaContext(),
    );
  }

  const effectOf = ({ policyDocument }: APIGatewayAuthorizerResult): string =>
    policyDocument.Statement.map(({ Effect }) => Effect).join();

  test('a good token is let through, on this route only, with what later handlers need as strings', async () => {
    const exp = inSeconds(1800);
    const token = issuer.access({ exp, 'cognito:groups': ['admins', 'operators'] });
    expect(await ask({ token, chatIds: 'chat-1,chat-2', frames: 'batch' })).toEqual({
      principalId: sub,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }],
      },
      context: {
        userId: sub,
        username: 'ada',
        groups: 'admins,operators',
        tokenExpiresAt: String(exp),
        chatIds: 'chat-1,chat-2',
        frames: 'batch',
      },
    });
  });

  test('an id token is as good; without chats nothing is read', async () => {
    expect(await ask({ token: issuer.id() })).toMatchObject({
      context: { userId: sub, username: 'ada', groups: '', chatIds: '', frames: 'single' },
    });
    expect(aws.inputs('BatchGetItem')).toEqual([]);
  });

  test('the token may stand behind the subprotocol, and goes before the one in the URL', async () => {
    const protocol = { 'sec-websocket-protocol': `notification.v1, ${issuer.access({ sub: 'other' })}` };
    expect(await ask({ token: issuer.access() }, protocol)).toMatchObject({ principalId: 'other' });
    await expect(ask({}, { 'Sec-WebSocket-Protocol': `chat, ${issuer.access()}` })).rejects.toThrow(/^Unauthorized$/);
  });

  describe('Unauthorized, which API Gateway answers with 401', () => {
    test.each<[string, () => Record<string, string>]>([
      ['no token', () => ({})],
      ['an empty token', () => ({ token: '' })],
      ['no JWT', () => ({ token: 'hello' })],
      ['a token that has ended', () => ({ token: issuer.access({ exp: inSeconds(-1) }) })],
      [
        'a token of another pool',
        () => ({ token: issuer.access({ iss: 'https://cognito-idp.us-east-1.amazonaws.com/x' }) }),
      ],
      ['an access token of another client', () => ({ token: issuer.access({ client_id: 'other' }) })],
      ['an id token for another client', () => ({ token: issuer.id({ aud: 'other' }) })],
      ['a token for another use', () => ({ token: issuer.access({ token_use: 'refresh' }) })],
      ['a token signed by somebody else', () => ({ token: new TokenIssuer().access() })],
      ['a token without an end', () => ({ token: issuer.access({ exp: undefined }) })],
      ['a token longer than any header', () => ({ token: issuer.access({ padding: 'x'.repeat(6000) }) })],
      ['a token that was changed', () => ({ token: changed(issuer.access()) })],
    ])('%s', async (_what, query) => {
      await expect(ask(query())).rejects.toThrow(/^Unauthorized$/);
      expect(aws.inputs('BatchGetItem')).toEqual([]);
    });

    function changed(token: string): string {
      const [header, , signature] = token.split('.');
      const claims = { sub: 'mallory', token_use: 'access', client_id: 'client-of-people', exp: inSeconds(60) };
      return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    }
  });

  describe('Deny, which API Gateway answers with 403', () => {
    test.each<[string, Record<string, string>, Record<string, string>?]>([
      ['somebody else’s userId', { userId: 'sub-of-bob' }],
      ['a chat without a permission', { chatIds: 'chat-1,chat-9' }],
      ['a chat whose permission has ended', { chatIds: 'ended' }],
      ['a hub without a permission', { hubId: 'hub-9' }],
      ['something that can be no chat', { orgId: 'a b' }],
      ['more than 50 chats', { chatIds: Array.from({ length: 51 }, (_id, index) => `many-${index}`).join(',') }],
      ['an origin that is not on the list', {}, { Origin: 'https://evil.example' }],
    ])('%s', async (_what, query, headers = {}) => {
      const answer = await ask({ token: issuer.access(), ...query }, headers);
      expect(effectOf(answer)).toBe('Deny');
      expect(answer).not.toHaveProperty('context');
    });
  });

  describe('Allow', () => {
    test.each<[string, Record<string, string>, string]>([
      ['the own userId', { userId: sub }, ''],
      ['the own username', { userId: 'ada' }, ''],
      ['the own channel, which needs no permission', { chatIds: sub }, sub],
      ['chats named twice, or not at all', { chatIds: 'chat-1,,chat-1&chat-2' }, 'chat-1,chat-2'],
      ['hub, org and project', { hubId: 'hub-1', orgId: 'org-1', projectId: 'project-1' }, 'hub-1,org-1,project-1'],
    ])('%s', async (_what, query, chatIds) => {
      expect(await ask({ token: issuer.access(), ...query })).toMatchObject({ context: { chatIds } });
    });

    test('50 chats, read in one strong call', async () => {
      const chatIds = Array.from({ length: 50 }, (_id, index) => `many-${index}`).join(',');
      expect(effectOf(await ask({ token: issuer.access(), chatIds }))).toBe('Allow');
      expect(aws.inputs('BatchGetItem')).toMatchObject([
        { RequestItems: { permissions_table: { ConsistentRead: true, Keys: { length: 50 } } } },
      ]);
    });

    test('an origin on the list', async () => {
      expect(effectOf(await ask({ token: issuer.access() }, { Origin: 'http://localhost:3000' }))).toBe('Allow');
    });
  });

  describe('when DynamoDB fails', () => {
    const ask50 = () => ask({ token: issuer.access(), chatIds: 'chat-1,chat-2' });

    test.each<[string, Parameters<Aws['fail']>[1]]>([
      ['is throttled', { error: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' }],
      ['fails inside', { error: 'InternalServerError', status: 500 }],
      ['does not answer', { dropReply: true }],
    ])('once: it %s, and is asked again', async (_how, fault) => {
      aws.fail('BatchGetItem', fault, { times: 1 });
      expect(effectOf(await ask50())).toBe('Allow');
    });

    test('keys left unprocessed are asked for again', async () => {
      const left = {
        permissions_table: { ConsistentRead: true, Keys: [{ userId: { S: sub }, chatId: { S: 'chat-2' } }] },
      };
      const answer = { Responses: { permissions_table: [rowOf('chat-1')] }, UnprocessedKeys: left };
      aws.fail('BatchGetItem', { answer }, { times: 1 });
      expect(effectOf(await ask50())).toBe('Allow');
      expect(aws.inputs('BatchGetItem')[1]).toEqual({ RequestItems: left });
    });

    test.each(['ThrottlingException', 'AccessDeniedException'])('for good (%s): nothing opens', async (error) => {
      aws.fail('BatchGetItem', { error });
      await expect(ask50()).rejects.toThrow(/^Authorization is not available$/);
    });

    const rowOf = (chatId: string) => ({ userId: { S: sub }, chatId: { S: chatId }, role: { S: 'member' } });
  });
});

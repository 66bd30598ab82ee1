import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminSetUserPasswordCommand,
  ChangePasswordCommand,
  CognitoIdentityProviderClient,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  GetUserCommand,
  InitiateAuthCommand,
  ListUsersCommand,
  RespondToAuthChallengeCommand,
  SignUpCommand,
  type AuthenticationResultType,
} from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCognito, type Cognito, type CognitoSettings } from '../../local/cognito/cognito.ts';
import { poolOf, type PoolDefinition } from '../../local/cognito/from-template.ts';
import { outsideCredentials } from '../../local/edge/credentials.ts';
import { startEdge, type Edge } from '../../local/edge/edge.ts';
import { startFront, type Front } from '../../local/gateway/front.ts';
import { resolveStack, type Stack } from '../../local/template/stack.ts';
import { cognitoProperties } from '../../local/cognito/properties.ts';

const region = 'us-east-1';
const accountId = '000000000000';
const peopleId = 'people000000000000000000a';
const machinesId = 'machines0000000000000000a';
const password = 'Ada-local-2026!';
const pool: PoolDefinition = {
  id: `${region}_abcdefghi`,
  properties: { MfaConfiguration: 'OPTIONAL', AutoVerifiedAttributes: ['email'] },
  clients: [
    {
      id: peopleId,
      name: 'people',
      properties: {
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        AccessTokenValidity: 10,
        IdTokenValidity: 20,
        TokenValidityUnits: { AccessToken: 'minutes', IdToken: 'minutes' },
      },
    },
    { id: 'refreshonly', name: 'other', properties: { ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'] } },
    {
      id: machinesId,
      name: 'machines',
      properties: {
        GenerateSecret: true,
        AllowedOAuthFlows: ['client_credentials'],
        AllowedOAuthScopes: ['notifications/publish'],
      },
    },
  ],
  groups: ['admins', 'operators'],
};
const users = [
  { username: 'ada', password, groups: ['admins'] },
  { username: 'bob', password, groups: [] },
];

let dataFolder: string;
let cognito: Cognito;
let edge: Edge;
let front: Front;
const codes = new Map<string, string>();

/** Cognito as the embedded cloud mounts it: people at /cognito of the one port, functions and administrators at the edge. */
async function startMounted(settings: Partial<CognitoSettings> = {}): Promise<void> {
  cognito = await startCognito({
    dataFolder,
    region,
    pool,
    users,
    onCode: ({ username, code }) => codes.set(username, code),
    ...settings,
  });
  edge = await startEdge({ region, accountId, principals: [], backends: { 'cognito-idp': cognito.backend } });
  front = await startFront(
    0,
    [
      {
        prefix: '/cognito',
        handle: ({ method = 'GET', url = '', headers }, body) =>
          cognito.answer({ method, path: url.slice('/cognito'.length), headers, body }),
      },
    ],
    () => Promise.reject(new Error('no sockets here')),
  );
}

async function stopMounted(): Promise<void> {
  await Promise.all([front.stop(), edge.stop(), cognito.stop()]);
}

beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'cognito-'));
  await startMounted();
});
afterAll(async () => {
  await stopMounted();
  await rm(dataFolder, { recursive: true });
});

const client = (): CognitoIdentityProviderClient =>
  new CognitoIdentityProviderClient({ region, endpoint: `${front.url}/cognito`, maxAttempts: 1 });
const administrator = (): CognitoIdentityProviderClient =>
  new CognitoIdentityProviderClient({ region, endpoint: edge.url, credentials: outsideCredentials, maxAttempts: 1 });

async function signIn(username: string, given = password, ClientId = peopleId): Promise<AuthenticationResultType> {
  const { AuthenticationResult } = await client().send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId,
      AuthParameters: { USERNAME: username, PASSWORD: given },
    }),
  );
  return AuthenticationResult ?? {};
}

async function refresh(token: string | undefined, ClientId = peopleId): Promise<AuthenticationResultType> {
  const { AuthenticationResult } = await client().send(
    new InitiateAuthCommand({
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      ClientId,
      AuthParameters: { REFRESH_TOKEN: token ?? '' },
    }),
  );
  return AuthenticationResult ?? {};
}

/** As the functions do it, but that their network layer, here the fetcher, leads to the edge. */
function verifierOf(
  tokenUse: 'access' | 'id',
  clientId = peopleId,
): { verify: (token: string) => Promise<Record<string, unknown>> } {
  const fetcher = {
    fetch: async (uri: string) => (await fetch(edge.url + new URL(uri).pathname)).arrayBuffer(),
  };
  return CognitoJwtVerifier.create(
    { userPoolId: pool.id, tokenUse, clientId },
    { jwksCache: new SimpleJwksCache({ fetcher }) },
  );
}

describe('tokens of people', () => {
  test('pass the unmodified verifier and carry what Cognito puts in them', async () => {
    const { AccessToken = '', IdToken = '', ExpiresIn, TokenType, RefreshToken } = await signIn('ada');
    const sub = cognito.users.find(({ username }) => username === 'ada')?.userId;
    const access = await verifierOf('access').verify(AccessToken);
    const id = await verifierOf('id').verify(IdToken);
    const common = { sub, iss: `https://cognito-idp.${region}.amazonaws.com/${pool.id}`, 'cognito:groups': ['admins'] };
    expect(access).toMatchObject({ ...common, client_id: peopleId, token_use: 'access', username: 'ada' });
    expect(id).toMatchObject({ ...common, aud: peopleId, token_use: 'id', 'cognito:username': 'ada' });
    expect([Number(access['exp']) - Number(access['iat']), Number(id['exp']) - Number(id['iat'])]).toEqual([600, 1200]);
    expect([ExpiresIn, TokenType, typeof RefreshToken]).toEqual([600, 'Bearer', 'string']);
  });

  test('have no groups for someone in none', async () => {
    const { AccessToken = '' } = await signIn('bob');
    expect(await verifierOf('access').verify(AccessToken)).not.toHaveProperty('cognito:groups');
  });

  test('are refreshed, for the client they were given to', async () => {
    const { RefreshToken } = await signIn('ada');
    const { AccessToken = '', ExpiresIn } = await refresh(RefreshToken);
    expect(await verifierOf('access').verify(AccessToken)).toMatchObject({ username: 'ada' });
    expect(ExpiresIn).toBe(600);
    await expect(refresh(RefreshToken, 'refreshonly')).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    await expect(refresh(`${peopleId}.9999999999.guess`)).rejects.toMatchObject({ message: 'Invalid Refresh Token' });
  });

  test('overlapping sign-ins can all be refreshed', async () => {
    const signedIn = await Promise.all(Array.from({ length: 10 }, () => signIn('bob')));
    const refreshed = await Promise.all(signedIn.map(({ RefreshToken }) => refresh(RefreshToken)));
    expect(refreshed.every(({ AccessToken }) => AccessToken)).toBe(true);
  });

  test('expire when the client says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cognito-short-'));
    const properties = {
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AccessTokenValidity: 0,
      RefreshTokenValidity: 0,
    };
    const short = await startCognito({
      dataFolder: folder,
      region,
      pool: { ...pool, clients: [{ id: 'short', name: 'short', properties }] },
      users,
    });
    const act = async (action: string, input: object): Promise<Record<string, unknown>> => {
      const headers = { 'x-amz-target': `AWSCognitoIdentityProviderService.${action}` };
      const body = Buffer.from(JSON.stringify(input));
      return JSON.parse(String((await short.answer({ method: 'POST', path: '/', headers, body })).body));
    };
    const { AuthenticationResult } = await act('InitiateAuth', {
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: 'short',
      AuthParameters: { USERNAME: 'ada', PASSWORD: password },
    });
    const { AccessToken, RefreshToken } = AuthenticationResult as AuthenticationResultType;
    const expired = [
      await act('GetUser', { AccessToken }),
      await act('InitiateAuth', {
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        ClientId: 'short',
        AuthParameters: { REFRESH_TOKEN: RefreshToken },
      }),
    ];
    await short.stop();
    await rm(folder, { recursive: true });
    expect(expired).toEqual([
      { __type: 'NotAuthorizedException', message: 'Access Token has expired' },
      { __type: 'NotAuthorizedException', message: 'Refresh Token has expired' },
    ]);
  });
});

describe('signing in is refused', () => {
  test.each([
    ['a wrong password', 'ada', 'Wrong-pass-2026!', 'Incorrect username or password.'],
    ['an unknown user, in the same words', 'nobody', password, 'Incorrect username or password.'],
  ])('for %s', async (_case, username, given, message) => {
    await expect(signIn(username, given)).rejects.toMatchObject({ name: 'NotAuthorizedException', message });
  });

  test('by a flow the client does not have, or that is not implemented', async () => {
    const notEnabled = signIn('ada', password, 'refreshonly');
    await expect(notEnabled).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const unknown = client().send(new InitiateAuthCommand({ AuthFlow: 'USER_SRP_AUTH', ClientId: peopleId }));
    await expect(unknown).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('for a disabled user', async () => {
    await createUser('dora');
    await administrator().send(new AdminDisableUserCommand({ UserPoolId: pool.id, Username: 'dora' }));
    await expect(signIn('dora')).rejects.toMatchObject({ message: 'User is disabled.' });
  });
});

describe('nobody becomes someone else', () => {
  test('by a forged access token', async () => {
    const { AccessToken = '' } = await signIn('bob');
    const [header, payload, signature] = AccessToken.split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: cognito.users[0]?.userId, username: 'ada' }));
    const asAda = client().send(
      new GetUserCommand({ AccessToken: `${header}.${forged.toString('base64url')}.${signature}` }),
    );
    await expect(asAda).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    expect(await client().send(new GetUserCommand({ AccessToken }))).toMatchObject({ Username: 'bob' });
  });

  test('by answering a challenge nobody was given', async () => {
    const takeover = client().send(
      new RespondToAuthChallengeCommand({
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        ClientId: peopleId,
        Session: 'guess',
        ChallengeResponses: { USERNAME: 'ada', NEW_PASSWORD: 'Mallory-2026!!' },
      }),
    );
    await expect(takeover).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });

  test('by a recovery without a code', async () => {
    const body = JSON.stringify({ ClientId: peopleId, Username: 'ada', Password: 'Mallory-2026!!' });
    const reply = await fetch(`${front.url}/cognito/`, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.ConfirmForgotPassword' },
      body,
    });
    expect(reply.status).toBe(400);
    const guessed = client().send(
      new ConfirmForgotPasswordCommand({
        ClientId: peopleId,
        Username: 'ada',
        Password: 'Mallory-2026!!',
        ConfirmationCode: '',
      }),
    );
    await expect(guessed).rejects.toMatchObject({ name: 'CodeMismatchException' });
    expect(await signIn('ada')).toHaveProperty('AccessToken');
  });

  test('by choosing a sub at sign-up', async () => {
    const signUp = client().send(
      new SignUpCommand({
        ClientId: peopleId,
        Username: 'eve',
        Password: password,
        UserAttributes: [{ Name: 'sub', Value: cognito.users[0]?.userId }],
      }),
    );
    await expect(signUp).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('by an administrator’s action that is not signed', async () => {
    const unsigned = await fetch(`${front.url}/cognito/`, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSCognitoIdentityProviderService.ListUsers' },
      body: JSON.stringify({ UserPoolId: pool.id }),
    });
    expect(await unsigned.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
    const { Users } = await administrator().send(new ListUsersCommand({ UserPoolId: pool.id }));
    expect(Users?.map(({ Username }) => Username)).toEqual(expect.arrayContaining(['ada', 'bob']));
  });
});

test('a new user signs up, confirms the code, and signs in', async () => {
  await client().send(
    new SignUpCommand({
      ClientId: peopleId,
      Username: 'frank',
      Password: password,
      UserAttributes: [{ Name: 'email', Value: 'frank@example.com' }],
    }),
  );
  await expect(signIn('frank')).rejects.toMatchObject({ name: 'UserNotConfirmedException' });
  await client().send(
    new ConfirmSignUpCommand({ ClientId: peopleId, Username: 'frank', ConfirmationCode: codes.get('frank') }),
  );
  expect(await signIn('frank')).toHaveProperty('AccessToken');
});

test('a user an administrator created answers the challenge for a new password', async () => {
  await createUser('gina', false);
  const { Session, ChallengeName } = await client().send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: peopleId,
      AuthParameters: { USERNAME: 'gina', PASSWORD: password },
    }),
  );
  expect(ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
  const { AuthenticationResult } = await client().send(
    new RespondToAuthChallengeCommand({
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ClientId: peopleId,
      Session,
      ChallengeResponses: { USERNAME: 'gina', NEW_PASSWORD: 'Gina-2026-new!' },
    }),
  );
  expect(AuthenticationResult).toMatchObject({ ExpiresIn: 600 });
});

test('a password outside the policy is refused', async () => {
  const { AccessToken } = await signIn('bob');
  const change = client().send(
    new ChangePasswordCommand({ AccessToken, PreviousPassword: password, ProposedPassword: 'short' }),
  );
  await expect(change).rejects.toMatchObject({
    name: 'InvalidPasswordException',
    message: 'Password did not conform with policy: Password not long enough',
  });
});

describe('tokens of machines', () => {
  const secretOf = (): string => cognito.clients.find(({ id }) => id === machinesId)?.secret ?? '';
  const ask = async (
    form: Record<string, string>,
    authorization?: string,
  ): Promise<[number, Record<string, unknown>]> => {
    const reply = await fetch(`${front.url}/cognito/oauth2/token`, {
      method: 'POST',
      headers: authorization ? { authorization } : {},
      body: new URLSearchParams(form),
    });
    return [reply.status, (await reply.json()) as Record<string, unknown>];
  };

  test('are given for id and secret, in a header or in the form', async () => {
    const basic = `Basic ${Buffer.from(`${machinesId}:${secretOf()}`).toString('base64')}`;
    const replies = [
      await ask({ grant_type: 'client_credentials' }, basic),
      await ask({
        grant_type: 'client_credentials',
        client_id: machinesId,
        client_secret: secretOf(),
        scope: 'notifications/publish',
      }),
    ];
    for (const [status, reply] of replies) {
      expect([status, reply['token_type'], reply['expires_in']]).toEqual([200, 'Bearer', 3600]);
      expect(await verifierOf('access', machinesId).verify(String(reply['access_token']))).toMatchObject({
        sub: machinesId,
        client_id: machinesId,
        scope: 'notifications/publish',
        token_use: 'access',
      });
    }
  });

  const grant = { grant_type: 'client_credentials', client_id: machinesId };
  test.each<[string, () => Record<string, string>, string]>([
    ['a wrong secret', () => ({ ...grant, client_secret: 'guess' }), 'invalid_client'],
    ['a client without a secret', () => ({ ...grant, client_id: peopleId, client_secret: '' }), 'invalid_client'],
    ['a scope it was not given', () => ({ ...grant, client_secret: secretOf(), scope: 'other/all' }), 'invalid_scope'],
    ['another grant', () => ({ grant_type: 'password' }), 'unsupported_grant_type'],
    ['no grant', () => ({}), 'invalid_request'],
  ])('are refused for %s', async (_case, form, error) => {
    expect(await ask(form())).toEqual([400, { error }]);
  });
});

test('a restart keeps users, passwords, groups, subs, secrets and the key', async () => {
  const { AccessToken = '', RefreshToken } = await signIn('ada');
  const { users: usersBefore, clients: clientsBefore } = cognito;
  await stopMounted();
  await startMounted({ users: users.map((user) => ({ ...user, password: 'Other-local-2026!' })) });
  expect([cognito.users, cognito.clients]).toEqual([usersBefore, clientsBefore]);
  expect(await verifierOf('access').verify(AccessToken)).toMatchObject({ username: 'ada' });
  expect(await refresh(RefreshToken)).toHaveProperty('AccessToken');
  expect(await signIn('ada')).toHaveProperty('AccessToken');
});

test('a start that was killed while writing finds the users of before', async () => {
  const file = join(dataFolder, 'pools', `${pool.id}.json`);
  await cognito.stop();
  await writeFile(`${file}.draft`, (await readFile(file, 'utf8')).slice(0, 100));
  await stopMounted();
  await startMounted();
  expect(await signIn('ada')).toHaveProperty('AccessToken');
});

describe('the template', () => {
  const stackOf = (client: Record<string, unknown>): Stack => {
    const Resources = {
      Users: { Type: 'AWS::Cognito::UserPool', Properties: {} },
      Client: { Type: 'AWS::Cognito::UserPoolClient', Properties: { UserPoolId: { Ref: 'Users' }, ...client } },
    };
    const assembly = { stackName: 'stack', template: { Resources }, assetPath: () => '' };
    return resolveStack(assembly, { stackName: 'stack', region, accountId }, cognitoProperties);
  };

  test.each([
    [{ AllowedOAuthFlows: ['code'] }, 'the OAuth flow code is not implemented'],
    [{ AllowedOAuthScopes: ['other/all'] }, 'no resource server has the scope other/all'],
    [{ SupportedIdentityProviders: ['Google'] }, 'the identity provider Google is not implemented'],
    [{ GenerateSecret: true, ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'] }, 'SECRET_HASH'],
    [{ WriteAttributes: ['email'] }, 'property WriteAttributes of AWS::Cognito::UserPoolClient (Client)'],
  ])('is refused where Cognito cannot follow it: %j', (properties, message) => {
    expect(() => poolOf(stackOf(properties))).toThrow(message);
  });

  test('gives the pool and its clients', () => {
    expect(poolOf(stackOf({ ClientName: 'people' }))).toMatchObject({
      id: expect.stringMatching(/^us-east-1_[0-9a-zA-Z]{9}$/),
      clients: [{ name: 'people' }],
    });
  });
});

test.each([
  ['a group the template lacks', [{ username: 'ada', password, groups: ['kings'] }], 'the group kings'],
  ['a password the pool refuses', [{ username: 'ada', password: 'weak', groups: [] }], 'Password not long enough'],
])('a seed user with %s stops the start', async (_case, given, message) => {
  const folder = await mkdtemp(join(tmpdir(), 'cognito-seed-'));
  const start = startCognito({ dataFolder: folder, region, pool, users: given });
  await expect(start).rejects.toThrow(message);
  await rm(folder, { recursive: true });
});

async function createUser(username: string, permanent = true): Promise<void> {
  const UserPoolId = pool.id;
  const TemporaryPassword = password;
  await administrator().send(
    new AdminCreateUserCommand({ UserPoolId, Username: username, TemporaryPassword, MessageAction: 'SUPPRESS' }),
  );
  if (!permanent) return;
  await administrator().send(
    new AdminSetUserPasswordCommand({ UserPoolId, Username: username, Password: password, Permanent: true }),
  );
}

import { randomInt, type JsonWebKey } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Backend } from '../edge/edge.ts';
import type { Reply } from '../edge/replies.ts';
import { PoolActions } from './actions.ts';
import type { PoolDefinition } from './from-template.ts';
import { CognitoError, makeRouter, openPools } from './library.ts';
import { defaultPasswordPolicy } from './password-policy.ts';
import { appClientOf, seedPool, seedUser, type SeedUser } from './seed.ts';
import { signingKeyIn } from './signing-key.ts';
import { JsonFileStores } from './store.ts';
import { answerTokenRequest } from './token-endpoint.ts';
import { PoolTokens } from './tokens.ts';

export type CognitoSettings = {
  /** Holds the pool's users and its signing key; made if absent. */
  dataFolder: string;
  region: string;
  pool: PoolDefinition;
  /** Created where absent. Who exists already keeps password, groups and sub. */
  users: readonly SeedUser[];
  /** The codes of sign-ups and recoveries, which AWS would mail. */
  onCode?: (code: { username: string; code: string }) => void;
};

export type CognitoRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };

export type Cognito = {
  poolId: string;
  /** https://cognito-idp.REGION.amazonaws.com/POOL, as in every token. */
  issuer: string;
  /** `userId` is the `sub`. */
  users: { username: string; userId: string; groups: string[] }[];
  /** Clients with the secrets that GenerateSecret made. */
  clients: { id: string; name: string; secret?: string }[];
  jwks: { keys: JsonWebKey[] };
  /**
   * Answers requests of people and machines, whose path begins where Cognito is mounted: POST / (public actions),
   * POST /oauth2/token, GET /POOL/.well-known/jwks.json and openid-configuration.
   */
  answer: (request: CognitoRequest) => Promise<Reply>;
  /** The same for the edge, where administrators' actions, signed and authorized, are carried out as well. */
  backend: Backend;
  /** Waits for what is still to be written. */
  stop: () => Promise<void>;
};

/**
 * Starts the user pool of a template, in process and without listening: cognito-local with tokens and keys of our own, so that
 * the unmodified CognitoJwtVerifier of aws-jwt-verify accepts them.
 * @throws Error when a user's group or password does not fit the pool
 */
export async function startCognito(settings: CognitoSettings): Promise<Cognito> {
  const { dataFolder, region, pool, users } = settings;
  const poolsFolder = join(dataFolder, 'pools');
  await mkdir(poolsFolder, { recursive: true });
  const stores = new JsonFileStores(poolsFolder);
  const clock = { get: () => new Date() };
  const [key, service] = await Promise.all([
    signingKeyIn(join(dataFolder, 'signing-key.pem')),
    openPools(poolsFolder, clock, stores),
  ]);
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool.id}`;
  const tokens = new PoolTokens(issuer, key);
  const clients = new Map(pool.clients.map((client) => [client.id, appClientOf(client, pool.id, key)]));
  const userPool = await seedPool(service, pool, clients);
  const seeded = await Promise.all(users.map((user) => seedUser(userPool, user, pool)));
  await stores.flush();
  const route = makeRouter({
    clock,
    cognito: service,
    config: { UserPoolDefaults: {} },
    messages: {
      deliver: async (_context, _source, _client, _pool, { Username }, code) =>
        settings.onCode?.({ username: Username, code }),
    },
    otp: () => String(randomInt(1_000_000)).padStart(6, '0'),
    tokenGenerator: tokens,
    triggers: { enabled: () => false },
  });
  const actions = new PoolActions(
    route,
    {
      clients,
      passwordPolicy: pool.properties.Policies?.PasswordPolicy ?? defaultPasswordPolicy,
      selfSignUp: pool.properties.AdminCreateUserConfig?.AllowAdminCreateUserOnly !== true,
    },
    tokens,
  );
  const jwks = { keys: [key.jwk] };
  const answer = async ({ method, path, headers, body }: CognitoRequest, signed = false): Promise<Reply> => {
    const [route = ''] = path.split('?', 1);
    if (method === 'GET' && route === `/${pool.id}/.well-known/jwks.json`) return json(200, jwks);
    if (method === 'GET' && route === `/${pool.id}/.well-known/openid-configuration`) {
      return json(200, openIdConfiguration(issuer));
    }
    if (method === 'POST' && route === '/oauth2/token') {
      return answerTokenRequest({ authorization: headers.authorization, body }, clients, tokens);
    }
    if (method === 'POST' && (route === '/' || route === '')) return answerAction(actions, headers, body, signed);
    return json(404, { message: `The embedded Cognito has no ${method} ${route}.` });
  };
  return {
    poolId: pool.id,
    issuer,
    users: seeded,
    clients: [...clients.values()].map(({ ClientId, ClientName, ClientSecret }) => ({
      id: ClientId,
      name: ClientName,
      ...(typeof ClientSecret === 'string' ? { secret: ClientSecret } : {}),
    })),
    jwks,
    answer: (request) => answer(request),
    backend: (call) => answer(call, call.signed),
    stop: () => stores.flush(),
  };
}

async function answerAction(
  actions: PoolActions,
  headers: IncomingHttpHeaders,
  body: Buffer,
  signed: boolean,
): Promise<Reply> {
  const target = String(headers['x-amz-target'] ?? '');
  try {
    const input = parse(body);
    const output = await actions.perform(target.slice(target.indexOf('.') + 1), input, signed);
    return json(200, output);
  } catch (error) {
    if (!(error instanceof CognitoError)) throw error;
    return json(400, { __type: error.code, message: error.message });
  }
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const input: unknown = JSON.parse(body.toString());
    if (typeof input === 'object' && input !== null) return input as Record<string, unknown>;
  } catch {
    // Answered below, as a body that is JSON but no object is.
  }
  throw new CognitoError('SerializationException', 'The request body is not a JSON object.');
}

function openIdConfiguration(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'token'],
    subject_types_supported: ['public'],
  };
}

/** Dates are seconds since 1970 in AWS's JSON. */
function json(status: number, value: object): Reply {
  const body = JSON.stringify(value, function (this: Record<string, unknown>, key: string, inner: unknown) {
    const date = this[key];
    return date instanceof Date ? Math.floor(date.getTime() / 1000) : inner;
  });
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body };
}

import { createRequire } from 'node:module';

/**
 * The parts of cognito-local that are used, typed as far as they are used. They are loaded file by file: the package's entry point also loads
 * version 2 of the AWS SDK (for Lambda triggers, which no pool here has), an express server and a logger, and takes three times as long.
 */
const load = createRequire(import.meta.url);

export type Context = { logger: Logger };
type Logger = Record<'debug' | 'info' | 'warn' | 'error', () => void> & { child: () => Logger };
export type Attribute = { Name: string; Value?: string };

export type User = {
  Username: string;
  Password: string;
  Attributes: Attribute[];
  Enabled: boolean;
  UserStatus: string;
  UserCreateDate: Date;
  UserLastModifiedDate: Date;
  RefreshTokens: string[];
};

export type Group = {
  GroupName: string;
  Description?: string;
  Precedence?: number;
  UserPoolId: string;
  CreationDate: Date;
  LastModifiedDate: Date;
  members: string[];
};

export type AppClient = { ClientId: string; ClientName: string; UserPoolId: string } & Record<string, unknown>;

export type UserPool = {
  options: { Id: string };
  updateOptions(context: Context, options: object): Promise<void>;
  saveAppClient(context: Context, client: AppClient): Promise<void>;
  deleteAppClient(context: Context, client: AppClient): Promise<void>;
  getUserByUsername(context: Context, username: string): Promise<User | null>;
  saveUser(context: Context, user: User): Promise<void>;
  listUsers(context: Context): Promise<User[]>;
  listUserGroupMembership(context: Context, user: User): Promise<string[]>;
  getGroupByGroupName(context: Context, name: string): Promise<Group | null>;
  saveGroup(context: Context, group: Group): Promise<void>;
  addUserToGroup(context: Context, group: Group, user: User): Promise<void>;
};

export type CognitoService = {
  listUserPools(context: Context): Promise<{ Id: string }[]>;
  createUserPool(context: Context, options: object): Promise<{ Id: string }>;
  getUserPool(context: Context, id: string): Promise<UserPool>;
  listAppClients(context: Context, poolId: string): Promise<AppClient[]>;
};

/** Where pools, users and clients are kept; see store.ts. */
export type DataStore = {
  get(context: Context, key: string | string[], fallback?: unknown): Promise<unknown>;
  getRoot(context: Context): Promise<unknown>;
  set(context: Context, key: string | string[], value: unknown): Promise<void>;
  delete(context: Context, key: string | string[]): Promise<void>;
};
export type DataStoreFactory = { create(context: Context, id: string, defaults: object): Promise<DataStore> };

/** Makes the tokens of a sign-in; see tokens.ts. */
export type TokenGenerator = {
  generate(context: Context, user: User, groups: readonly string[], client: AppClient): Promise<SignInTokens>;
};
export type SignInTokens = { AccessToken: string; IdToken: string; RefreshToken: string };

export type Services = {
  clock: { get(): Date };
  cognito: CognitoService;
  config: { UserPoolDefaults: object };
  messages: {
    deliver(
      context: Context,
      source: string,
      clientId: string | null,
      poolId: string,
      user: User,
      code: string,
    ): Promise<void>;
  };
  otp: () => string;
  tokenGenerator: TokenGenerator;
  triggers: { enabled(trigger: string): boolean };
};

/** Answers one API action, e.g. `InitiateAuth`. Rejects with a CognitoError, or an UnsupportedError for what it does not know. */
export type Router = (action: string) => (context: Context, input: object) => Promise<Record<string, unknown>>;

const { CognitoServiceFactoryImpl } = load('cognito-local/lib/services/cognitoService.js') as {
  CognitoServiceFactoryImpl: new (
    folder: string,
    stores: DataStoreFactory,
    pools: object,
  ) => {
    create(context: Context, poolDefaults: object): Promise<CognitoService>;
  };
};
const { UserPoolServiceFactoryImpl } = load('cognito-local/lib/services/userPoolService.js') as {
  UserPoolServiceFactoryImpl: new (clock: Services['clock'], stores: DataStoreFactory) => object;
};
const { Router: makeRouter } = load('cognito-local/lib/server/Router.js') as { Router: (services: Services) => Router };
const errors = load('cognito-local/lib/errors.js') as {
  CognitoError: new (code: string, message: string) => Error & { code: string };
  UnsupportedError: new (message: string) => Error;
};

/** An error of Cognito's: `code` is the name its SDK raises. */
export const CognitoError = errors.CognitoError;
export const UnsupportedError = errors.UnsupportedError;
export { makeRouter };

/** Opens the pools in a folder, one file each. */
export function openPools(folder: string, clock: Services['clock'], stores: DataStoreFactory): Promise<CognitoService> {
  const pools = new UserPoolServiceFactoryImpl(clock, stores);
  return new CognitoServiceFactoryImpl(folder, stores, pools).create(silent, {});
}

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => logger,
};

/** A context that logs nothing: the library's lines hold passwords and tokens. */
export const silent: Context = { logger };

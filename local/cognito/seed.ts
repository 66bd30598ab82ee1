import { createHmac, hash } from 'node:crypto';
import type { PoolDefinition } from './from-template.ts';
import { silent, type AppClient, type CognitoService, type UserPool } from './library.ts';
import { checkPassword, defaultPasswordPolicy } from './password-policy.ts';
import type { SigningKey } from './signing-key.ts';

/** Someone to be there from the start. */
export type SeedUser = { username: string; password: string; groups: readonly string[] };

/** Brings the stored pool, its clients and groups in line with the template; users and memberships stay. */
export async function seedPool(
  service: CognitoService,
  pool: PoolDefinition,
  clients: Map<string, AppClient>,
): Promise<UserPool> {
  const { UserPoolName: Name, ...properties } = pool.properties;
  const known = await service.listUserPools(silent);
  if (!known.some(({ Id }) => Id === pool.id)) await service.createUserPool(silent, { Id: pool.id, Name });
  const userPool = await service.getUserPool(silent, pool.id);
  await userPool.updateOptions(silent, { ...userPool.options, Name, ...properties });
  for (const client of await service.listAppClients(silent, pool.id)) {
    if (!clients.has(client.ClientId)) await userPool.deleteAppClient(silent, client);
  }
  for (const client of clients.values()) await userPool.saveAppClient(silent, client);
  const now = new Date();
  for (const GroupName of pool.groups) {
    if (await userPool.getGroupByGroupName(silent, GroupName)) continue;
    const dates = { CreationDate: now, LastModifiedDate: now };
    await userPool.saveGroup(silent, { GroupName, UserPoolId: pool.id, ...dates, members: [] });
  }
  return userPool;
}

/**
 * Creates a user who is not there yet.
 * @throws InvalidPasswordException, or an Error naming a group the template lacks
 */
export async function seedUser(
  userPool: UserPool,
  { username, password, groups }: SeedUser,
  pool: PoolDefinition,
): Promise<{ username: string; userId: string; groups: string[] }> {
  const existing = await userPool.getUserByUsername(silent, username);
  if (existing) {
    const userId = existing.Attributes.find(({ Name }) => Name === 'sub')?.Value ?? '';
    return { username, userId, groups: await userPool.listUserGroupMembership(silent, existing) };
  }
  checkPassword(password, pool.properties.Policies?.PasswordPolicy ?? defaultPasswordPolicy);
  const now = new Date();
  const userId = stableUuid(`${pool.id}\0${username}`);
  const user = {
    Username: username,
    Password: password,
    Attributes: [
      { Name: 'sub', Value: userId },
      { Name: 'email', Value: `${username}@example.com` },
      { Name: 'email_verified', Value: 'true' },
    ],
    Enabled: true,
    UserStatus: 'CONFIRMED',
    UserCreateDate: now,
    UserLastModifiedDate: now,
    RefreshTokens: [],
  };
  await userPool.saveUser(silent, user);
  for (const name of groups) {
    const group = await userPool.getGroupByGroupName(silent, name);
    if (!group)
      throw new Error(`The user ${username} is to be in the group ${name}, which the template does not define.`);
    await userPool.addUserToGroup(silent, group, user);
  }
  return { username, userId, groups: [...groups] };
}

/** A client as cognito-local keeps it. Its secret follows from the data folder's key: the same at every start, and on no other machine. */
export function appClientOf(
  { id, name, properties }: PoolDefinition['clients'][number],
  poolId: string,
  key: SigningKey,
): AppClient {
  const secret = createHmac('sha256', key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    .update(id)
    .digest('hex');
  return {
    ...properties,
    ClientId: id,
    ClientName: name,
    UserPoolId: poolId,
    ...(properties['GenerateSecret'] === true ? { ClientSecret: secret } : {}),
  };
}

/** A user's id, the same on every machine and after `--fresh`. */
function stableUuid(seed: string): string {
  const digits = hash('sha256', seed);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}

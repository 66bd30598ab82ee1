import type { Stack } from '../template/stack.ts';
import type { PasswordPolicy } from './password-policy.ts';

/** The one user pool of a template, its intrinsics resolved. */
export type PoolDefinition = {
  id: string;
  properties: {
    UserPoolName?: string;
    MfaConfiguration?: string;
    AutoVerifiedAttributes?: string[];
    AdminCreateUserConfig?: { AllowAdminCreateUserOnly?: boolean };
    Policies?: { PasswordPolicy?: PasswordPolicy };
  };
  /** `name`: the ClientName, else the logical id. */
  clients: { id: string; name: string; properties: Record<string, unknown> }[];
  groups: string[];
};

/**
 * Reads the pool with its clients and groups.
 * @throws Error when there is not exactly one pool, or a value is one the embedded Cognito cannot honour
 */
export function poolOf(stack: Stack): PoolDefinition {
  const [pool, ...more] = stack.ofType('AWS::Cognito::UserPool');
  if (!pool || more.length > 0)
    throw new Error(`Expected one AWS::Cognito::UserPool, found ${more.length + (pool ? 1 : 0)}.`);
  const scopes = stack.ofType('AWS::Cognito::UserPoolResourceServer').flatMap(({ properties }) => {
    const { Identifier, Scopes = [] } = properties as { Identifier: string; Scopes?: { ScopeName: string }[] };
    return Scopes.map(({ ScopeName }) => `${Identifier}/${ScopeName}`);
  });
  const clients = stack.ofType('AWS::Cognito::UserPoolClient').map(({ logicalId, ref, properties }) => {
    refuseUnsupportedClient(logicalId, properties, scopes);
    return { id: ref, name: String(properties['ClientName'] ?? logicalId), properties };
  });
  const groups = stack.ofType('AWS::Cognito::UserPoolGroup').map(({ properties }) => String(properties['GroupName']));
  return { id: pool.ref, properties: pool.properties, clients, groups };
}

function refuseUnsupportedClient(logicalId: string, properties: Record<string, unknown>, scopes: string[]): void {
  const refuse = (problem: string): never => {
    throw new Error(`The user pool client ${logicalId}: ${problem}.`);
  };
  const listed = (name: string): string[] => (properties[name] ?? []) as string[];
  for (const flow of listed('AllowedOAuthFlows')) {
    if (flow !== 'client_credentials') refuse(`the OAuth flow ${flow} is not implemented`);
  }
  for (const scope of listed('AllowedOAuthScopes')) {
    if (!scopes.includes(scope)) refuse(`no resource server has the scope ${scope}`);
  }
  for (const provider of listed('SupportedIdentityProviders')) {
    if (provider !== 'COGNITO') refuse(`the identity provider ${provider} is not implemented`);
  }
  const userFlows = listed('ExplicitAuthFlows').filter((flow) => flow !== 'ALLOW_REFRESH_TOKEN_AUTH');
  if (properties['GenerateSecret'] === true && userFlows.length > 0) {
    refuse('sign-ins with a client secret (SECRET_HASH) are not implemented');
  }
}

import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import { Advice } from './commands/advice.ts';
import type { Outputs } from './outputs.ts';

/** The tokens Cognito gives for a password. */
export type Tokens = { accessToken: string; idToken: string };

/** Where to sign in, and as whom; without an endpoint at AWS. */
export type SignInOutputs = Pick<Outputs, 'region' | 'users'> & { cognito: { endpoint?: string; clientId: string } };

/** @throws Advice when the outputs name no such person */
export function personNamed({ users }: SignInOutputs, username: string): Outputs['users'][number] {
  const person = users.find((candidate) => candidate.username === username);
  if (!person) throw new Advice(`No user ${username}; there are ${users.map((user) => user.username).join(', ')}`);
  return person;
}

/**
 * Signs a person in with their password.
 * @throws Advice when the outputs name no such person; Cognito's errors as they are
 */
export async function signIn(outputs: SignInOutputs, username: string): Promise<Tokens> {
  const { region, cognito } = outputs;
  const { password } = personNamed(outputs, username);
  const client = new CognitoIdentityProviderClient({
    region,
    ...(cognito.endpoint ? { endpoint: cognito.endpoint } : {}),
    credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
  });
  try {
    const { AuthenticationResult } = await client.send(
      new InitiateAuthCommand({
        AuthFlow: 'USER_PASSWORD_AUTH',
        ClientId: cognito.clientId,
        AuthParameters: { USERNAME: username, PASSWORD: password },
      }),
    );
    const { AccessToken, IdToken } = AuthenticationResult ?? {};
    if (!AccessToken || !IdToken) throw new Error(`Cognito gave no tokens for ${username}`);
    return { accessToken: AccessToken, idToken: IdToken };
  } finally {
    client.destroy();
  }
}

import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { Outputs } from './outputs.ts';

/**
 * Signs a local person in with their password.
 * @returns an access token
 * @throws Error when the outputs name no such person; Cognito's errors as they are
 */
export async function signIn({ region, cognito, users }: Outputs, username: string): Promise<string> {
  const user = users.find((candidate) => candidate.username === username);
  if (!user)
    throw new Error(`No user ${username}; there are ${users.map((candidate) => candidate.username).join(', ')}`);
  const client = new CognitoIdentityProviderClient({
    region,
    endpoint: cognito.endpoint,
    credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
  });
  const { AuthenticationResult } = await client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: cognito.clientId,
      AuthParameters: { USERNAME: username, PASSWORD: user.password },
    }),
  );
  client.destroy();
  return AuthenticationResult?.AccessToken ?? '';
}

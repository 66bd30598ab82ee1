import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { Outputs, Person } from './outputs.ts';

/** The tokens Cognito gives for a password. */
export type Tokens = { accessToken: string; idToken: string };

/** @throws Error when the outputs name no such person */
export function personNamed(outputs: Outputs, username: string): Person {
  const person = outputs.users.find((user) => user.username === username);
  if (!person)
    throw new Error(
      `The outputs name no user ${username}; they name ${outputs.users.map((user) => user.username).join(', ')}`,
    );
  return person;
}

/** Signs a person in through Cognito's InitiateAuth with the real SDK. */
export async function signIn(outputs: Outputs, username: string): Promise<Tokens> {
  const { region, cognito } = outputs;
  const client = new CognitoIdentityProviderClient({
    region,
    ...(cognito.endpoint ? { endpoint: cognito.endpoint } : {}),
    credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
  });
  const { AuthenticationResult } = await client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: cognito.clientId,
      AuthParameters: { USERNAME: username, PASSWORD: personNamed(outputs, username).password },
    }),
  );
  client.destroy();
  const { AccessToken, IdToken } = AuthenticationResult ?? {};
  if (!AccessToken || !IdToken) throw new Error(`Cognito gave no tokens for ${username}`);
  return { accessToken: AccessToken, idToken: IdToken };
}

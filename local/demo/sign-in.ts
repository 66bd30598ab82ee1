import type { DemoOutputs } from './outputs.ts';

/** Asks the embedded cloud whom it has. */
export async function loadOutputs(): Promise<DemoOutputs> {
  const response = await fetch('/demo/outputs.json');
  if (!response.ok) throw new Error(`The embedded cloud answered ${response.status} ${await response.text()}`);
  return (await response.json()) as DemoOutputs;
}

/**
 * Signs a local person in with Cognito's InitiateAuth and gives the access token.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
export async function signIn(username: string): Promise<string> {
  // Read again each time: after `npm start -- --fresh` the same people have other ids and the client another one.
  const { clientId, people } = await loadOutputs();
  const password = people.find((person) => person.username === username)?.password;
  const response = await fetch('/cognito/', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: clientId,
      AuthParameters: { USERNAME: username, PASSWORD: password },
    }),
  });
  if (!response.ok) throw new Error(`Cognito answered ${response.status} ${await response.text()}`);
  const answer = (await response.json()) as { AuthenticationResult?: { AccessToken?: string } };
  const token = answer.AuthenticationResult?.AccessToken;
  if (!token) throw new Error(`Cognito gave ${username} no access token`);
  return token;
}

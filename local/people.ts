import type { Outputs } from './outputs.ts';
import { signIn } from './sign-in.ts';

/** The chat the local people share. */
export const demoChat = 'chat-123';

/** Who exists locally: their Cognito groups, and their role in `chat-123` if they have one. */
export const localPeople = [
  { username: 'ada', groups: ['admins'], role: undefined },
  { username: 'olga', groups: ['operators'], role: undefined },
  { username: 'bob', groups: [], role: 'member' },
  { username: 'carol', groups: [], role: 'member' },
  { username: 'vera', groups: [], role: 'viewer' },
  { username: 'mallory', groups: [], role: undefined },
] as const;

/** Local passwords are no secret: they open nothing but this laptop. */
export function localPassword(username: string): string {
  return `${username[0]?.toUpperCase() ?? ''}${username.slice(1)}-local-2026!`;
}

/**
 * Gives the local people their roles in `chat-123` as an administrator would, unless the chat is there already: what people did with it since
 * stays as they left it.
 * @throws Error with the first error of GraphQL
 */
export async function seedDemoChat(outputs: Outputs): Promise<void> {
  const { accessToken: token } = await signIn(outputs, administrator);
  const { chat } = await ask<{ chat: object | null }>(
    outputs,
    token,
    'query($chatId: ID!) { chat(chatId: $chatId) { chatId } }',
    {
      chatId: demoChat,
    },
  );
  if (chat) return;
  const inputs = localPeople.flatMap(({ username, role }) => {
    const userId = outputs.users.find((user) => user.username === username)?.userId;
    return role && userId ? [{ userId, chatId: demoChat, role }] : [];
  });
  const mutation = 'mutation($inputs: [GrantPermissionInput!]!) { grantPermissions(inputs: $inputs) { userId } }';
  await ask(outputs, token, mutation, { inputs });
}

/** Who needs no permission in a chat to grant some in it. */
const administrator = 'ada';

async function ask<Data>({ graphqlUrl }: Outputs, token: string, query: string, variables: object): Promise<Data> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { authorization: token, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors[0]) throw new Error(`The people of ${demoChat} could not be set up: ${errors[0].message}`);
  return data;
}

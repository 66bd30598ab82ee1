import type { Outputs } from '../../setup/outputs.ts';
import { personNamed, signIn } from '../../setup/sign-in.ts';

export type GraphqlError = {
  message: string;
  errorType?: string | null;
  errorInfo?: unknown;
  path?: (string | number)[] | null;
};
export type Answer<Data = Record<string, unknown>> = { status: number; data?: Data | null; errors?: GraphqlError[] };
export type Page<Item> = { items: Item[]; nextToken: string | null };

/** The GraphQL endpoint over HTTP, asked by people with the tokens Cognito gave them. */
export class Api {
  readonly outputs: Outputs;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(outputs: Outputs) {
    this.outputs = outputs;
  }

  /** A person's access token; each signs in once. */
  token(username: string): Promise<string> {
    const token = this.#tokens.get(username) ?? signIn(this.outputs, username).then(({ accessToken }) => accessToken);
    this.#tokens.set(username, token);
    return token;
  }

  userId(username: string): string {
    return personNamed(this.outputs, username).userId;
  }

  /** What a person is answered, whatever it is. */
  async ask<Data = Record<string, unknown>>(
    username: string,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Answer<Data>> {
    return this.post<Data>(await this.token(username), JSON.stringify({ query, variables }));
  }

  /**
   * The data a person is answered.
   * @throws Error with the errors when there are any
   */
  async data<Data = Record<string, unknown>>(
    username: string,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Data> {
    const { status, data, errors } = await this.ask<Data>(username, query, variables);
    if (status !== 200 || !data || errors)
      throw new Error(`${username} was answered ${status} ${JSON.stringify(errors)} to ${query}`);
    return data;
  }

  /** Posts any body, with a token or none. */
  async post<Data = Record<string, unknown>>(token: string | undefined, body: string): Promise<Answer<Data>> {
    const response = await fetch(this.outputs.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: token }) },
      body,
    });
    return { status: response.status, ...((await response.json()) as Omit<Answer<Data>, 'status'>) };
  }

  async createChat(username: string, chatId: string): Promise<void> {
    await this.data(username, 'mutation($chatId: ID!) { createChat(chatId: $chatId) { chatId } }', { chatId });
  }

  async grant(username: string, input: { userId: string; chatId: string; role: string }): Promise<void> {
    const mutation = 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }';
    await this.data(username, mutation, { input });
  }

  /**
   * Publishes a message through `POST /publish`.
   * @param fields what goes beside the payload; a FIFO message unless they say otherwise
   * @returns its id
   */
  async publish(username: string, payload: object, fields: object = {}): Promise<string> {
    const response = await fetch(new URL('publish', `${this.outputs.httpUrl}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${await this.token(username)}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        targetChannel: 'WebSocket',
        messageType: 'fifo',
        ...fields,
        payload: { eventType: 'chat', ...payload },
      }),
    });
    const reply = (await response.json()) as { messageId?: string };
    if (!reply.messageId) throw new Error(`${username} was answered ${response.status} ${JSON.stringify(reply)}`);
    return reply.messageId;
  }

  /** Whether a chat's history holds a message yet, by id and by its number if it has one. */
  async finds(username: string, chatId: string, messageId: string): Promise<boolean> {
    const { message } = await this.data<{ message: { sequence: number | null } | null }>(
      username,
      'query($chatId: ID!, $messageId: ID!) { message(chatId: $chatId, messageId: $messageId) { sequence } }',
      { chatId, messageId },
    );
    if (!message || message.sequence === null) return message !== null;
    const { messagesBySequence } = await this.data<{ messagesBySequence: Page<{ messageId: string }> }>(
      username,
      `query($chatId: ID!, $from: Float!) { messagesBySequence(chatId: $chatId, from: $from) { items { messageId } } }`,
      { chatId, from: message.sequence },
    );
    return messagesBySequence.items.some((item) => item.messageId === messageId);
  }
}

let named = 0;

/** A name of a chat, or of a person, that no other test uses. */
export function fresh(what: string): string {
  named++;
  return `${what}-${named}-${Math.random().toString(36).slice(2, 10)}`;
}

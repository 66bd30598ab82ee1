import { problemOfId } from '../../../resolvers/rules/ids.ts';
import { InvalidRequest } from '../protocol/errors.ts';

/**
 * The token of the page that follows a chat in a person's list of permissions. It grants nothing: whose list it is of, and
 * who may see that, is asked for every page.
 */
export function tokenAfter(userId: string, chatId: string): string {
  return Buffer.from(JSON.stringify([userId, chatId])).toString('base64url');
}

/**
 * The chat after which a page begins.
 *
 * @throws InvalidRequest for a token that is not one of this person's list.
 */
export function chatBefore(token: string, userId: string): string {
  const content = contentOf(token);
  if (Array.isArray(content) && content.length === 2 && content[0] === userId) {
    const chatId: unknown = content[1];
    if (typeof chatId === 'string' && problemOfId('chatId', chatId) === null && tokenAfter(userId, chatId) === token) {
      return chatId;
    }
  }
  throw new InvalidRequest('Invalid nextToken: it is not one this list gave out.');
}

function contentOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return undefined;
  }
}

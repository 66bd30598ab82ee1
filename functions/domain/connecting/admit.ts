import { readPermissions } from '../../platform/permissions-over-fetch.ts';
import { verifyToken, type TokenClaims } from '../../platform/tokens.ts';
import { environment } from '../../platform/environment.ts';
import { toSeconds } from '../clock.ts';
import { isLive, isOwnChannel } from '../permission.ts';
import { isChatId } from '../protocol/chat-id.ts';
import { limits } from '../protocol/limits.ts';

/** What a client says while connecting, with no trust in any of it. */
export interface ConnectRequest {
  token: string | undefined;
  origin: string | undefined;
  userId: string | undefined;
  /** As named, repeats and empty names included. */
  chatIds: readonly string[];
  frames: string | undefined;
}

/** What later handlers learn about the connection; API Gateway passes on strings only. */
export interface AdmittedContext {
  userId: string;
  username: string;
  groups: string;
  tokenExpiresAt: string;
  chatIds: string;
  frames: 'single' | 'batch';
}

/** `unknown`: no good token, so nobody is asking. `refused`: this user may not connect like this. */
export type Admission =
  | { verdict: 'unknown' }
  | { verdict: 'refused'; userId: string; why: string }
  | { verdict: 'admitted'; context: AdmittedContext };

/**
 * Decides whether a connection may open: a good token, an origin on the list, the user it claims to be, and a live
 * permission for every chat it names.
 *
 * @throws when the token's keys or the permissions cannot be read: then nothing opens.
 */
export async function admit(request: ConnectRequest, now = Date.now()): Promise<Admission> {
  const claims = request.token ? await verifyToken(request.token) : undefined;
  if (claims === undefined) return { verdict: 'unknown' };
  const chatIds = [...new Set(request.chatIds.filter((chatId) => chatId !== ''))];
  const why = objectionTo(request, chatIds, claims) ?? (await missingPermission(claims.userId, chatIds, now));
  if (why !== undefined) return { verdict: 'refused', userId: claims.userId, why };
  return { verdict: 'admitted', context: contextOf(claims, chatIds, request.frames) };
}

function objectionTo(request: ConnectRequest, chatIds: string[], claims: TokenClaims): string | undefined {
  if (!isAllowedOrigin(request.origin)) return 'origin';
  if (request.userId && request.userId !== claims.userId && request.userId !== claims.username) return 'userId';
  if (chatIds.length > limits.chatsAtConnect) return 'too many chats';
  if (!chatIds.every(isChatId)) return 'chat id';
  return undefined;
}

/** Only browsers send an Origin, and only they can be made to connect by a page the user did not mean to trust. */
function isAllowedOrigin(origin: string | undefined): boolean {
  const allowed = environment.allowedOrigins;
  return allowed.length === 0 || origin === undefined || allowed.includes(origin);
}

async function missingPermission(userId: string, chatIds: string[], now: number): Promise<string | undefined> {
  const others = chatIds.filter((chatId) => !isOwnChannel(userId, chatId));
  const permissions = await readPermissions(userId, others);
  const live = new Set(permissions.filter((row) => isLive(row, toSeconds(now))).map(({ chatId }) => chatId));
  return others.every((chatId) => live.has(chatId)) ? undefined : 'permission';
}

function contextOf(claims: TokenClaims, chatIds: string[], frames: string | undefined): AdmittedContext {
  return {
    userId: claims.userId,
    username: claims.username,
    groups: claims.groups.join(','),
    tokenExpiresAt: String(claims.expiresAt),
    chatIds: chatIds.join(','),
    frames: frames === 'batch' ? 'batch' : 'single',
  };
}

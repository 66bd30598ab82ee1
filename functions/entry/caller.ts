import { Unauthorized } from '../domain/protocol/errors.ts';
import type { SocketEvent } from './socket.ts';

/** Who is on a socket, as the authorizer said when it was opened. */
export interface Caller {
  connectionId: string;
  userId: string;
  /** Epoch seconds; 0, which has long passed, when the authorizer did not say. */
  tokenExpiresAt: number;
  chatIds: string[];
  frames: 'single' | 'batch';
}

/** @throws Unauthorized when no authorizer vouches for anyone. */
export function callerOf({ requestContext: { authorizer, connectionId } }: SocketEvent): Caller {
  const said = (name: string): string => String(authorizer?.[name] ?? '');
  if (said('userId') === '') throw new Unauthorized('No user ID in context');
  return {
    connectionId,
    userId: said('userId'),
    tokenExpiresAt: Number(said('tokenExpiresAt')) || 0,
    chatIds: said('chatIds')
      .split(',')
      .filter((chatId) => chatId !== ''),
    frames: said('frames') === 'batch' ? 'batch' : 'single',
  };
}

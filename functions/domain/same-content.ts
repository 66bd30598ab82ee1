import { isDeepStrictEqual } from 'node:util';
import type { Envelope } from './protocol/envelope.ts';

/** What history holds of a message, as far as telling two messages apart goes. */
export interface Said {
  senderId: string;
  /** JSON. */
  payload: string;
}

/** Whether a message says, under the same id, what is stored: the order of its fields does not matter. */
export function saysTheSame(envelope: Pick<Envelope, 'senderId' | 'payload'>, stored: Said): boolean {
  if (envelope.senderId !== stored.senderId) return false;
  const payload = JSON.stringify(envelope.payload);
  return payload === stored.payload || isDeepStrictEqual(JSON.parse(payload), JSON.parse(stored.payload));
}

import type { PartRefusal } from '../multipart/refusal.ts';

const conflict = 'conflict: ';
const multiPart = 'multi-part: ';

/** Why a message is given up whose id history has for another one. */
export const idIsUsed = `${conflict}messageId is already used`;

/** Why a part is given up that its group will never take. */
export function partIsRefused(why: PartRefusal): string {
  return `${multiPart}${why}`;
}

/**
 * Whether a message was given up because it contradicts what history has. Sent again it would be given up again, and
 * senders can bring about as many of these as they may send messages: there is nothing in them for an operator to do.
 */
export function isContradiction(reason: string): boolean {
  return reason.startsWith(conflict) || reason.startsWith(multiPart);
}

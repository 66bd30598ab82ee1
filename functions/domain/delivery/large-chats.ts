import { createHash } from 'node:crypto';

/**
 * A large chat's subscribers are divided into so many slots, for ever: a connection stays in its slot however many
 * workers there are, so that its order never depends on them.
 */
export const slotCount = 64;

const slotsOfHash = 256 / slotCount;

/** The slots of a chat, 0 to 63. */
export const slots: readonly number[] = Array.from({ length: slotCount }, (_, slot) => slot);

/** The first and the last possible key of a slot's subscribers; keys begin with two hex digits of a hash and `#`. */
export function rangeOfSlot(slot: number): { from: string; to: string } {
  const first = slot * slotsOfHash;
  // '$' follows '#'.
  return { from: `${inHex(first)}#`, to: `${inHex(first + slotsOfHash - 1)}$` };
}

function inHex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/**
 * A row among a chat's subscriptions that says: this chat is large, its slots are served by workers. It sorts before all
 * of them, so whoever reads the subscribers learns it first and at no extra call. It stays for ever: should the chat
 * shrink, a post by the processor could overtake what still waits for a worker.
 */
export const largeChatMarker = '!large';

/** The group of the fan-out queue in which one slot of one chat is served, message after message. */
export function groupOfSlot(chatId: string, slot: number): string {
  return createHash('sha256').update(`${chatId}\0${slot}`).digest('base64url');
}

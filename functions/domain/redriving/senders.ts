import { environment } from '../../platform/environment.ts';
import { readTogether } from '../../platform/read-together.ts';
import type { PermissionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { isOwnChannel, maySend } from '../permission.ts';

/** Who wrote what a letter holds, and where. Letters that cannot be read name neither, and single posts no sender. */
export interface Authored {
  senderId?: string;
  chatId?: string;
}

/**
 * Whether the senders of letters may send to their chats now, by one strong read of all permissions that matter and have
 * not been read before. A letter without a sender is nobody's to forbid. The service's own notices come from the channel
 * they go to, where everyone may send.
 */
export class Senders {
  readonly #may = new Map<string, boolean>();

  /** @returns for each letter, in order, whether its sender may. */
  async areAllowed(letters: readonly Authored[], now: number): Promise<boolean[]> {
    const wanted = new Map<string, { userId: string; chatId: string }>();
    for (const { senderId, chatId } of letters) {
      if (senderId === undefined || chatId === undefined || isOwnChannel(senderId, chatId)) continue;
      const name = nameOf(senderId, chatId);
      if (!this.#may.has(name)) wanted.set(name, { userId: senderId, chatId });
    }
    const rows = await readTogether([...wanted.values()].map((key) => ({ table: environment.permissionsTable, key })));
    for (const [index, name] of [...wanted.keys()].entries()) {
      this.#may.set(name, maySend(rows[index] as PermissionRow | undefined, toSeconds(now)));
    }
    return letters.map(({ senderId = '', chatId = '' }) => this.#may.get(nameOf(senderId, chatId)) ?? true);
  }
}

/** No chat id holds a space. */
function nameOf(senderId: string, chatId: string): string {
  return `${chatId} ${senderId}`;
}

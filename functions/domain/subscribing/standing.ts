import { environment } from '../../platform/environment.ts';
import { readTogether, type RowKey } from '../../platform/read-together.ts';
import type { ChatRow, ConnectionRow, PermissionRow } from '../../platform/rows.ts';
import { toSeconds } from '../clock.ts';
import { isLive, isOwnChannel } from '../permission.ts';

/** Who asks over a socket, and until when the authorizer knew their token to be good (epoch seconds). */
export interface Listener {
  connectionId: string;
  userId: string;
  tokenExpiresAt: number;
}

/** What decides what a connection may listen to, at one moment. */
export class Standing {
  /** Absent once the connection is closed or given up. */
  readonly connection: ConnectionRow | undefined;
  readonly #userId: string;
  readonly #permissions: Map<string, PermissionRow | undefined>;
  readonly #chats: Map<string, ChatRow | undefined>;

  private constructor(
    userId: string,
    connection: ConnectionRow | undefined,
    permissions: Map<string, PermissionRow | undefined>,
    chats: Map<string, ChatRow | undefined>,
  ) {
    this.#userId = userId;
    this.connection = connection;
    this.#permissions = permissions;
    this.#chats = chats;
  }

  /** Reads it strongly, with the heads of these chats if asked to: one call for up to 49 chats. */
  static async read(
    { connectionId, userId }: Pick<Listener, 'connectionId' | 'userId'>,
    chatIds: readonly string[],
    { heads = false } = {},
  ): Promise<Standing> {
    const others = chatIds.filter((chatId) => !isOwnChannel(userId, chatId));
    const headsOf = heads ? chatIds : [];
    const keys: RowKey[] = [
      { table: environment.connectionsTable, key: { connectionId } },
      ...others.map((chatId) => ({ table: environment.permissionsTable, key: { userId, chatId } })),
      ...headsOf.map((chatId) => ({ table: environment.chatsTable, key: { chatId } })),
    ];
    const [connection, ...rows] = await readTogether(keys);
    return new Standing(
      userId,
      connection as ConnectionRow | undefined,
      new Map(others.map((chatId, index) => [chatId, rows[index] as PermissionRow | undefined])),
      new Map(headsOf.map((chatId, index) => [chatId, rows[others.length + index] as ChatRow | undefined])),
    );
  }

  /** The permission as it was read, live or not; none for the user's own channel. */
  permission(chatId: string): PermissionRow | undefined {
    return this.#permissions.get(chatId);
  }

  /** Whether the user may listen to a chat: a live permission of any role will do. */
  mayListen(chatId: string, now: number): boolean {
    return isOwnChannel(this.#userId, chatId) || isLive(this.#permissions.get(chatId), toSeconds(now));
  }

  /**
   * When listening to a chat must end, in epoch seconds: with the token or with the permission, whichever ends first.
   *
   * @returns `undefined` when there is no connection to listen, or nobody who may.
   */
  accessEnd(chatId: string, now: number): number | undefined {
    if (this.connection === undefined || !this.mayListen(chatId, now)) return undefined;
    return Math.min(this.connection.tokenExpiresAt, this.#permissions.get(chatId)?.expiresAt ?? Infinity);
  }

  /** The last number given out in a chat; 0 before the first. */
  head(chatId: string): number {
    return this.#chats.get(chatId)?.sequence ?? 0;
  }
}

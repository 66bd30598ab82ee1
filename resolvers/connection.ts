import { util } from '@aws-appsync/utils';
import type { Connection, FrameMode } from './generated/schema.ts';

/** What rows of Connections and Subscriptions have in common. `expiresAt` is in epoch seconds. */
export interface ConnectionRow {
  connectionId: string;
  userId: string;
  connectedAt: string;
  frames: FrameMode;
  expiresAt: number;
}

/** @param accessExpiresAt epoch seconds */
export function connectionOf(row: ConnectionRow, accessExpiresAt: number): Connection {
  return {
    connectionId: row.connectionId,
    userId: row.userId,
    connectedAt: row.connectedAt,
    frames: row.frames,
    accessExpiresAt: util.time.epochMilliSecondsToISO8601(accessExpiresAt * 1000),
  };
}

import type { CancelRequest, Redrive } from './generated/schema.ts';
import type { RedriveMode } from './rules/redrive.ts';

/** A row of Redrives, as its table holds it and as the workflow hands it out. `filter` is JSON, `expiresAt` epoch seconds. */
export interface RedriveRow {
  redriveId: string;
  queue: string;
  mode: RedriveMode;
  filter?: string;
  maxMessages?: number;
  maxPerSecond?: number;
  includeRevokedSenders?: boolean;
  reason: string;
  startedBy: string;
  startedAt: string;
  endedAt?: string;
  status: Redrive['status'];
  /** Empty when it ended without one. */
  error?: string;
  examined?: number;
  matched?: number;
  redriven?: number;
  discarded?: number;
  skipped?: number;
  failed?: number;
  cancelRequest?: CancelRequest;
  expiresAt?: number;
}

/** A redrive as GraphQL shows it. */
export function redriveOf(row: RedriveRow): Redrive {
  return {
    redriveId: row.redriveId,
    queue: row.queue,
    mode: row.mode,
    filter: row.filter ?? null,
    maxMessages: row.maxMessages ?? null,
    maxPerSecond: row.maxPerSecond ?? null,
    includeRevokedSenders: row.includeRevokedSenders ?? false,
    reason: row.reason,
    startedBy: row.startedBy,
    startedAt: row.startedAt,
    endedAt: row.endedAt ?? null,
    status: row.status,
    error: row.error ? row.error : null,
    examined: row.examined ?? 0,
    matched: row.matched ?? 0,
    redriven: row.redriven ?? 0,
    discarded: row.discarded ?? 0,
    skipped: row.skipped ?? 0,
    failed: row.failed ?? 0,
    cancelRequest: row.cancelRequest ?? null,
  };
}

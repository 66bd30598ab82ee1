import { readEnvelope, UnreadableEnvelope, type Envelope } from '../protocol/envelope.ts';
import type { QueueRecord } from './record.ts';

/** A record that could be read. */
export interface Parcel {
  record: QueueRecord;
  envelope: Envelope;
}

/** What is done in one go: consecutive messages of one chat, or one record that cannot be read. */
export type Run =
  { kind: 'messages'; chatId: string; parcels: Parcel[] } | { kind: 'unreadable'; record: QueueRecord; why: string };

/** Messages in one transaction, with its head: far under its 100 actions, and under its 4 MB at 128 KB a message. */
const messagesPerRun = 25;

/**
 * Sorts a batch into groups of runs. The runs of a group are done one after another, groups side by side. A FIFO queue
 * says what its groups are; messages of a standard queue are grouped by chat, only to commit them together.
 */
export function groupsOf(records: readonly QueueRecord[], fifo: boolean): Run[][] {
  const groups = new Map<string, Run[]>();
  for (const record of records) {
    const run = runOf(record);
    const name = fifo ? `group ${record.groupId}` : nameOf(run);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    const last = group.at(-1);
    if (!last || !joins(run, last)) group.push(run);
  }
  return [...groups.values()];
}

function runOf(record: QueueRecord): Run {
  try {
    const envelope = readEnvelope(record.body);
    return { kind: 'messages', chatId: envelope.payload.chatId, parcels: [{ record, envelope }] };
  } catch (error) {
    if (!(error instanceof UnreadableEnvelope)) throw error;
    return { kind: 'unreadable', record, why: error.message };
  }
}

function nameOf(run: Run): string {
  return run.kind === 'messages' ? `chat ${run.chatId}` : `record ${run.record.id}`;
}

/** Adds a run to the one before it, if both are of one chat and there is room. */
function joins(run: Run, last: Run): boolean {
  if (run.kind !== 'messages' || last.kind !== 'messages') return false;
  if (run.chatId !== last.chatId || last.parcels.length >= messagesPerRun) return false;
  last.parcels.push(...run.parcels);
  return true;
}

/** The records of a run, in order. */
export function recordsOf(run: Run): QueueRecord[] {
  return run.kind === 'messages' ? run.parcels.map(({ record }) => record) : [run.record];
}

import type { HeldGroup } from '../../platform/history.ts';
import type { PartGroupRow, PartRow } from '../../platform/rows.ts';
import { environment } from '../../platform/environment.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { topicGroupId } from '../publishing/topic-ids.ts';
import { groupItem, groupKey, openShardOf, partItem, partOf, type Part } from './part.ts';
import { refusalOf } from './refusal.ts';

/** What registers parts with their groups. */
export interface Registration {
  parts: PartRow[];
  /** One for each group, however many parts it gets: a transaction may name an item once. */
  groups: PartGroupRow[];
}

/**
 * The messages that can be committed together: of two parts that contradict each other the first. The other one is
 * decided about once the first has been.
 */
export function withoutContradictions(envelopes: readonly Envelope[]): Envelope[] {
  const groups = new Map<string, { state: HeldGroup; holders: Map<number, string> }>();
  return envelopes.filter((envelope) => {
    const part = partOf(envelope);
    if (part === undefined) return true;
    const key = groupKey(part);
    const { state, holders } = groups.get(key) ?? { state: begunBy(part), holders: new Map<number, string>() };
    groups.set(key, { state, holders });
    if (refusalOf(part, state, holders.get(part.partNumber)) !== undefined) return false;
    holders.set(part.partNumber, part.messageId);
    return true;
  });
}

function begunBy({ senderId, totalParts }: Part): HeldGroup {
  return { senderId, totalParts, status: 'open' };
}

/**
 * Plans the registration of those messages that are parts. None may contradict another.
 *
 * @param now epoch milliseconds.
 * @param expiresAt epoch seconds, of the messages.
 */
export function planRegistration(envelopes: readonly Envelope[], now: number, expiresAt: number): Registration {
  const parts: PartRow[] = [];
  const groups = new Map<string, PartGroupRow>();
  for (const envelope of envelopes) {
    const part = partOf(envelope);
    if (part === undefined) continue;
    const group = groupKey(part);
    const { partNumber, messageId } = part;
    parts.push({ group, item: partItem(partNumber), partNumber, messageId, expiresAt });
    const row = groups.get(group) ?? emptyGroup(part, envelope, now, expiresAt);
    groups.set(group, { ...row, received: row.received + 1 });
  }
  return { parts, groups: [...groups.values()] };
}

function emptyGroup(part: Part, envelope: Envelope, now: number, expiresAt: number): PartGroupRow {
  const { chatId, groupId, senderId, totalParts } = part;
  const { messageType, messageGroupId, generateSequence = false } = envelope;
  const group = groupKey(part);
  return {
    group,
    item: groupItem,
    chatId,
    groupId,
    senderId,
    totalParts,
    received: 0,
    status: 'open',
    deadline: now + environment.multiPartDeadlineSeconds * 1000,
    openShard: openShardOf(group),
    messageType,
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(messageType === 'fifo' && { topicGroupId: topicGroupId(envelope) }),
    numbered: generateSequence,
    expiresAt,
  };
}

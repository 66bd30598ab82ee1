import { environment } from '../../platform/environment.ts';
import { logger } from '../../platform/logger.ts';
import { count, measure } from '../../platform/metrics.ts';
import { readTogether, type RowKey } from '../../platform/read-together.ts';
import type { ConnectionRow, MessageRow, PartGroupRow, PartRow, PermissionRow } from '../../platform/rows.ts';
import { publishToTopic } from '../../platform/topics.ts';
import { traced } from '../../platform/trace.ts';
import { toSeconds } from '../clock.ts';
import { largeChatMarker } from '../delivery/large-chats.ts';
import { groupItem, groupKey, partItem } from '../multipart/part.ts';
import { isOwnChannel, maySend } from '../permission.ts';
import { writeEnvelope, type Envelope } from '../protocol/envelope.ts';
import { Forbidden, MessageIdConflict, PayloadTooLarge } from '../protocol/errors.ts';
import { largestFrameBytes } from '../protocol/frames.ts';
import { limits } from '../protocol/limits.ts';
import { newMessageId, requireRecent } from '../protocol/message-id.ts';
import type { PublishRequest } from '../protocol/publish-request.ts';
import { largestReplayBytes } from '../protocol/replay-page.ts';
import { saysTheSame } from '../same-content.ts';
import { requireLiveToken } from '../token.ts';
import { kindOf } from '../tracked-message.ts';
import { spendAllowance } from './allowance.ts';
import { requireFitting } from './fitting-part.ts';
import { topicDeduplicationId, topicGroupId } from './topic-ids.ts';

/** Who sends. `connection` is there for a sender on a socket, whose token may end, or be renewed, while it is open. */
export interface Sender {
  userId: string;
  connection?: { connectionId: string; tokenExpiresAt: number };
}

/** A message taken over by the service: it will be delivered, or end as a dead letter that says why. */
export interface Accepted {
  envelope: Envelope;
  deduplication?: 'content';
}

/**
 * Publishes a message: reads what decides about it in one go, decides, counts it, and hands it to the topic. A message
 * that history already holds is accepted again without publishing anything.
 *
 * @throws the errors of docs/protocol.md: PayloadTooLarge, InvalidRequest (messageId), Unauthorized, Forbidden,
 * MessageIdConflict, PartConflict, TooManyRequests; AWS errors as they are.
 */
export async function publish(request: PublishRequest, sender: Sender, now = Date.now()): Promise<Accepted> {
  const envelope = envelopeOf(request, sender.userId, now);
  // On every line about this message, also on one that says that it was refused.
  logger.appendKeys({ messageId: envelope.messageId });
  return traced('publish', envelope.messageId, () => accept(envelope, request, sender, now));
}

async function accept(envelope: Envelope, request: PublishRequest, sender: Sender, now: number): Promise<Accepted> {
  if (request.messageId !== undefined) requireRecent(request.messageId, now);
  requireDeliverable(envelope);

  const { permission, connection, large, stored, group, part } = await readWhatDecides(request, sender);
  if (sender.connection !== undefined) requireLiveToken(sender.connection, connection, now);
  requirePermission(envelope, permission, now);

  const accepted = { envelope, ...(isContentDeduplicated(request) && { deduplication: 'content' as const }) };
  if (stored !== undefined) {
    requireSameMessage(envelope, stored);
    count('Repeated');
    logger.info('Repeated', { messageId: envelope.messageId });
    return { ...accepted, envelope: asStored(envelope, stored) };
  }
  requireFitting(envelope, group, part);
  await spendAllowance(sender.userId, { chatId: envelope.payload.chatId, large: large !== undefined }, now);
  await send(envelope, request.messageId !== undefined);
  tellPublished(envelope, Date.now() - now);
  return accepted;
}

function tellPublished(envelope: Envelope, tookMs: number): void {
  const kind = kindOf(envelope);
  count('Published', 1, kind);
  measure('PublishLatency', tookMs, kind);
  if (envelope.targetChannel !== storedChannel) count('Unrouted');
  const { messageId, publishTimestamp } = envelope;
  logger.info('Published', { messageId, messageType: kind, publishTimestamp });
}

function envelopeOf(request: PublishRequest, senderId: string, now: number): Envelope {
  const { targetChannel, messageType, messageGroupId, messageId, generateSequence, payload } = request;
  const fifo = messageType === 'fifo';
  const numbered = fifo && generateSequence && payload.customSequence === undefined;
  return {
    version: 1,
    messageId: messageId ?? newMessageId(now),
    senderId,
    publishTimestamp: new Date(now).toISOString(),
    targetChannel,
    messageType,
    ...(fifo && { messageGroupId: messageGroupId ?? payload.chatId }),
    ...(numbered && { generateSequence: true as const }),
    payload,
  };
}

function isContentDeduplicated({ messageType, messageId }: PublishRequest): boolean {
  return messageType === 'fifo' && messageId === undefined;
}

function requireDeliverable(envelope: Envelope): void {
  const bytes = Math.max(largestFrameBytes(envelope), largestReplayBytes(envelope));
  if (bytes > limits.frameBytes) throw new PayloadTooLarge(bytes, limits.frameBytes);
}

/** The channel whose messages this service delivers, and so the only one that history holds. */
const storedChannel = 'WebSocket';

interface WhatDecides {
  permission: PermissionRow | undefined;
  connection: ConnectionRow | undefined;
  /** The mark of a chat that is large. */
  large: object | undefined;
  stored: MessageRow | undefined;
  group: PartGroupRow | undefined;
  part: PartRow | undefined;
}

/**
 * One strongly consistent read of the permission, the connection (its token), whether the chat is large, for an id the sender
 * gave the message that history may hold under it, and for a part its group and what has its number there.
 */
async function readWhatDecides(request: PublishRequest, { userId, connection }: Sender): Promise<WhatDecides> {
  const { chatId } = request.payload;
  const wanted: { [name in keyof WhatDecides]?: RowKey } = {
    ...(!isOwnChannel(userId, chatId) && {
      permission: { table: environment.permissionsTable, key: { userId, chatId } },
    }),
    ...(connection !== undefined && {
      connection: { table: environment.connectionsTable, key: { connectionId: connection.connectionId } },
    }),
    ...(request.targetChannel === storedChannel && {
      large: { table: environment.subscriptionsTable, key: { chatId, subscriber: largeChatMarker } },
    }),
    ...(request.messageId !== undefined &&
      request.targetChannel === storedChannel && {
        stored: { table: environment.messagesTable, key: { chatId, messageId: request.messageId } },
      }),
    ...(request.targetChannel === storedChannel && groupRowsOf(request)),
  };
  const rows = await readTogether(Object.values(wanted));
  return Object.fromEntries(Object.keys(wanted).map((name, index) => [name, rows[index]])) as unknown as WhatDecides;
}

function groupRowsOf({ payload: { chatId, multiPartMetadata } }: PublishRequest): { group?: RowKey; part?: RowKey } {
  if (multiPartMetadata === undefined) return {};
  const { groupId, partNumber } = multiPartMetadata;
  const group = groupKey({ chatId, groupId });
  const table = environment.multiPartTable;
  return {
    group: { table, key: { group, item: groupItem } },
    part: { table, key: { group, item: partItem(partNumber) } },
  };
}

function requirePermission({ senderId, payload }: Envelope, permission: PermissionRow | undefined, now: number): void {
  if (isOwnChannel(senderId, payload.chatId) || maySend(permission, toSeconds(now))) return;
  throw new Forbidden('You do not have permission to send messages to this chat.');
}

/** A retry says the same again; anything else under a used id would rewrite history. */
function requireSameMessage(envelope: Envelope, stored: MessageRow): void {
  if (!saysTheSame(envelope, stored)) throw new MessageIdConflict();
}

/** The message as it was taken, for the same reply: a retry may say otherwise how it is to travel. */
function asStored(envelope: Envelope, { messageType, messageGroupId, publishTimestamp }: MessageRow): Envelope {
  return { ...envelope, messageType, messageGroupId, publishTimestamp };
}

async function send(envelope: Envelope, idGivenBySender: boolean): Promise<void> {
  const fifo = envelope.messageType === 'fifo';
  await publishToTopic({
    topicArn: fifo ? environment.fifoTopicArn : environment.standardTopicArn,
    body: writeEnvelope(envelope),
    targetChannel: envelope.targetChannel,
    groupId: topicGroupId(envelope),
    ...(fifo && { deduplicationId: topicDeduplicationId(envelope, idGivenBySender) }),
  });
}

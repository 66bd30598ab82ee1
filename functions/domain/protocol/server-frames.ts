import * as v from 'valibot';
import { AckId, SocketError, SocketPublishReply } from './replies.ts';

const SequenceNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const SqsMetadata = v.object({
  sequenceNumber: v.optional(
    v.pipe(v.string(), v.digits(), v.description('FIFO only. 20 digits: compare as BigInt, it does not fit a Number.')),
  ),
  messageGroupId: v.optional(v.pipe(v.string(), v.description('FIFO only: as the sender gave it, or the chat.'))),
  messageId: v.string(),
  retryCount: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** A delivered message: the sender's payload, flattened, and what the service knows. The only frame without a `type`. */
export const MessageFrame = v.looseObject({
  type: v.optional(v.never()),
  chatId: v.string(),
  eventType: v.string(),
  content: v.unknown(),
  messageId: v.pipe(v.string(), v.ulid()),
  senderId: v.string(),
  publishTimestamp: v.pipe(v.string(), v.isoTimestamp()),
  sequence: v.optional(
    v.pipe(SequenceNumber, v.description('The number the service gave it: consecutive within the chat, from 1.')),
  ),
  customSequence: v.optional(
    v.looseObject({ number: v.number(), scope: v.string(), timestamp: v.optional(v.string()) }),
  ),
  multiPartMetadata: v.optional(v.looseObject({ groupId: v.string(), totalParts: v.number(), partNumber: v.number() })),
  sqsMetadata: v.optional(
    v.pipe(SqsMetadata, v.description('What the queue knew of a live delivery; a replayed message has none.')),
  ),
});

const MessageId = v.pipe(v.string(), v.ulid());
const PartCount = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const PartNumbers = v.pipe(v.array(PartCount), v.minLength(1));

const aboutGroup = {
  groupId: v.string(),
  totalParts: PartCount,
  messageIds: v.pipe(v.array(MessageId), v.description('Of the parts that are there, in part order.')),
};

/** The message that tells a chat that all parts of a group are there. The service sends it in the name of their sender. */
export const MultiPartCompletedFrame = v.looseObject({
  ...MessageFrame.entries,
  eventType: v.literal('multipart.completed'),
  content: v.object(aboutGroup),
});

/** The message that tells a chat that a group was given up, since no part came for too long. */
export const MultiPartIncompleteFrame = v.looseObject({
  ...MessageFrame.entries,
  eventType: v.literal('multipart.incomplete'),
  content: v.object({ ...aboutGroup, missingParts: v.pipe(PartNumbers, v.description('In order.')) }),
});

/** The message that tells a sender, in the sender's own channel, that a part which was taken could not join its group. */
export const MultiPartRefusedFrame = v.looseObject({
  ...MessageFrame.entries,
  eventType: v.literal('multipart.refused'),
  content: v.object({
    chatId: v.pipe(v.string(), v.description('Where the part was sent to.')),
    groupId: v.string(),
    partNumber: PartCount,
    totalParts: PartCount,
    messageId: v.pipe(MessageId, v.description('The refused part’s.')),
    reason: v.picklist(['closed', 'totalParts', 'sender', 'partNumber']),
  }),
});

/** Several messages at once, for connections that asked for `frames=batch`. */
export const BatchFrame = v.object({ type: v.literal('batch'), messages: v.array(MessageFrame) });

const HeadSequence = v.pipe(
  SequenceNumber,
  v.description('The last number given out in the chat; 0 before the first.'),
);

const FirstSequence = v.pipe(
  SequenceNumber,
  v.description('The lowest number that history still holds; one more than headSequence when it holds none.'),
);

/** The answer to `subscribe`: what comes after `headSequence` comes live; what is missing up to it is to be replayed. */
export const SubscribedFrame = v.object({
  type: v.literal('subscribed'),
  chats: v.array(v.object({ chatId: v.string(), headSequence: HeadSequence, firstSequence: FirstSequence })),
  refused: v.array(v.object({ chatId: v.string(), error: v.string() })),
  ackId: AckId,
});

/** The answer to `unsubscribe`: what this connection no longer listens to. */
export const UnsubscribedFrame = v.object({
  type: v.literal('unsubscribed'),
  chatIds: v.array(v.string()),
  ackId: AckId,
});

/** One page of history. */
export const ReplayFrame = v.object({
  type: v.literal('replay'),
  chatId: v.string(),
  messages: v.array(MessageFrame),
  headSequence: HeadSequence,
  firstSequence: FirstSequence,
  complete: v.pipe(v.boolean(), v.description('Nothing of what was asked for is left to ask for.')),
  nextSequence: v.optional(v.pipe(SequenceNumber, v.description('The fromSequence to go on with.'))),
  nextMessageId: v.optional(v.pipe(v.string(), v.ulid(), v.description('The afterMessageId to go on with.'))),
  ackId: AckId,
});

/** The answer to `ping`. */
export const PongFrame = v.object({
  type: v.literal('pong'),
  serverTime: v.pipe(v.string(), v.isoTimestamp()),
  heads: v.record(v.string(), HeadSequence),
  notSubscribed: v.pipe(v.array(v.string()), v.description('Chats asked about that this connection does not get.')),
  ackId: AckId,
});

/** The answer to `authenticate`. */
export const AuthenticatedFrame = v.object({
  type: v.literal('authenticated'),
  tokenExpiresAt: v.pipe(v.number(), v.safeInteger(), v.description('Epoch seconds.')),
  ackId: AckId,
});

/** A permission has ended or been taken away: nothing of the chat comes any more. */
export const SubscriptionRevokedFrame = v.object({
  type: v.literal('subscription.revoked'),
  chatId: v.string(),
  reason: v.pipe(
    v.picklist(['revoked', 'expired']),
    v.description('Somebody took the permission away, or its time was over.'),
  ),
});

/** The token ends soon; `authenticate` with a new one keeps the connection going. */
export const TokenExpiringFrame = v.object({
  type: v.literal('token.expiring'),
  expiresAt: v.pipe(v.number(), v.safeInteger(), v.description('Epoch seconds.')),
});

/** API Gateway's own answer when it is throttled or the function behind a route failed. Not ours, and without a `type`. */
export const GatewayFault = v.object({
  message: v.string(),
  connectionId: v.string(),
  requestId: v.string(),
});

/** Every frame of this service that has a `type`. */
export const TypedFrame = v.variant('type', [
  ...SocketPublishReply.options,
  SocketError,
  BatchFrame,
  SubscribedFrame,
  UnsubscribedFrame,
  ReplayFrame,
  PongFrame,
  AuthenticatedFrame,
  SubscriptionRevokedFrame,
  TokenExpiringFrame,
]);

export type Subscribed = v.InferOutput<typeof SubscribedFrame>;
export type Unsubscribed = v.InferOutput<typeof UnsubscribedFrame>;
export type Replay = v.InferOutput<typeof ReplayFrame>;
export type Pong = v.InferOutput<typeof PongFrame>;
export type SubscriptionRevoked = v.InferOutput<typeof SubscriptionRevokedFrame>;
export type Authenticated = v.InferOutput<typeof AuthenticatedFrame>;

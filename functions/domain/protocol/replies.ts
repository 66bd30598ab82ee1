import * as v from 'valibot';

const replyFields = {
  message: v.string(),
  messageId: v.string(),
  messageType: v.picklist(['fifo', 'standard']),
  targetChannel: v.string(),
  messageGroupId: v.optional(v.pipe(v.string(), v.description('FIFO only: as the sender gave it, or the chat.'))),
  deduplication: v.optional(
    v.pipe(
      v.literal('content'),
      v.description('FIFO without a messageId: the same content from the same sender within 5 minutes is one message.'),
    ),
  ),
};

/** The id that the request carried, if it carried one. */
export const AckId = v.optional(v.pipe(v.unknown(), v.description('The one of the request, whatever it was.')));

/** What a backend hears after `POST /publish`. */
export const HttpPublishReply = v.object(replyFields);

/** What a client hears after `sendMessage`. */
export const SocketPublishReply = v.variant('type', [
  v.object({ type: v.literal('reply'), ...replyFields, ackId: AckId }),
  v.object({
    type: v.literal('ack'),
    status: v.literal('success'),
    ...replyFields,
    timestamp: v.pipe(v.string(), v.isoTimestamp()),
    ackId: AckId,
  }),
]);

/** What a client hears when a request failed. */
export const SocketError = v.object({
  type: v.literal('error'),
  error: v.string(),
  statusCode: v.number(),
  retryAfterMs: v.optional(v.number()),
  details: v.optional(v.object({ name: v.string(), requestId: v.string() })),
  ackId: AckId,
});

export type HttpPublishReply = v.InferOutput<typeof HttpPublishReply>;
export type SocketPublishReply = v.InferOutput<typeof SocketPublishReply>;

import type { HttpPublishReply, SocketPublishReply } from '../protocol/replies.ts';
import type { Accepted } from './publish.ts';

/** The answer to `POST /publish`. */
export function httpPublishReply({ envelope, deduplication }: Accepted): HttpPublishReply {
  const { messageId, messageType, targetChannel, messageGroupId } = envelope;
  return {
    message: 'Message sent successfully!',
    messageId,
    messageType,
    targetChannel,
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(deduplication && { deduplication }),
  };
}

/** The answer to `sendMessage`: an `ack`, which says when the message was taken, for those who asked for one. */
export function socketPublishReply(accepted: Accepted, requestAck: boolean): SocketPublishReply {
  const reply = { ...httpPublishReply(accepted), message: 'Message sent successfully via WebSocket!' };
  if (!requestAck) return { type: 'reply', ...reply };
  return { type: 'ack', status: 'success', ...reply, timestamp: accepted.envelope.publishTimestamp };
}

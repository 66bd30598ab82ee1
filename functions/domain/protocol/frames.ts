import type { Envelope } from './envelope.ts';
import { limits } from './limits.ts';

/** What the queue knows about a message. The last two exist for FIFO only. */
export interface Transport {
  messageId: string;
  retryCount: number;
  sequenceNumber?: string | undefined;
}

/** What is delivered of a message, live or out of history. */
export type Delivered = Pick<Envelope, 'payload' | 'messageId' | 'senderId' | 'publishTimestamp'>;

/**
 * A message as its readers get it: its payload, flattened, and what the service knows. A number that the service
 * assigned stands in `sequence` and, for clients of the earlier protocol, in `customSequence`.
 *
 * @param sequence the service's own number, or undefined when it assigned none.
 */
export function deliveredMessage(message: Delivered, sequence: number | undefined) {
  const { payload, messageId, senderId, publishTimestamp } = message;
  return {
    ...payload,
    messageId,
    senderId,
    publishTimestamp,
    ...(sequence !== undefined && {
      sequence,
      customSequence: { number: sequence, scope: payload.chatId, timestamp: publishTimestamp },
    }),
  };
}

/** The frame that delivers a message as it comes: the message, and what the queue knows about it. */
export function messageFrame(envelope: Envelope, transport: Transport, sequence: number | undefined): string {
  const { payload, messageType, messageGroupId } = envelope;
  return JSON.stringify({
    ...deliveredMessage(envelope, sequence),
    sqsMetadata: {
      ...(messageType === 'fifo' && {
        sequenceNumber: transport.sequenceNumber,
        messageGroupId: messageGroupId ?? payload.chatId,
      }),
      messageId: transport.messageId,
      retryCount: transport.retryCount,
    },
  });
}

/** The largest that each thing only known later can be: SQS sequence numbers are 128-bit, its ids UUIDs. */
const largestTransport: Transport = {
  messageId: '00000000-0000-0000-0000-000000000000',
  retryCount: 999,
  sequenceNumber: '9'.repeat(39),
};

/** Bytes of UTF-8 that a message's frame can have at most, before its number and its queue ids are known. */
export function largestFrameBytes(envelope: Envelope): number {
  const sequence = envelope.generateSequence ? Number.MAX_SAFE_INTEGER : undefined;
  return Buffer.byteLength(messageFrame(envelope, largestTransport, sequence));
}

const batchStart = '{"type":"batch","messages":[';
const batchEnd = ']}';

/**
 * Packs message frames, in order, so that as few batches as possible hold them in 32 KB each, for connections that asked
 * for `frames=batch`.
 */
export function packFrames(frames: readonly string[]): string[][] {
  const packs: { frames: string[]; bytes: number }[] = [];
  for (const frame of frames) {
    const bytes = Buffer.byteLength(frame) + 1;
    const last = packs.at(-1);
    if (last && last.bytes + bytes <= limits.batchFrameBytes) {
      last.frames.push(frame);
      last.bytes += bytes;
    } else {
      packs.push({ frames: [frame], bytes: batchStart.length + batchEnd.length - 1 + bytes });
    }
  }
  return packs.map((pack) => pack.frames);
}

/** The ids of the messages that a frame holds, for logs; none of one that was not made here. */
export function messageIdsIn(frame: string): string[] {
  try {
    const { messageId, messages = [] } = JSON.parse(frame) as {
      messageId?: string;
      messages?: { messageId: string }[];
    };
    return messageId === undefined ? messages.map((message) => message.messageId) : [messageId];
  } catch {
    return [];
  }
}

/** The frame that holds a pack of message frames. One that stands alone stays a plain message frame. */
export function batchFrame(pack: readonly string[]): string {
  const [first = '', ...rest] = pack;
  return rest.length === 0 ? first : `${batchStart}${pack.join(',')}${batchEnd}`;
}

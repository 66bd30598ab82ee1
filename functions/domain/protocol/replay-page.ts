import type { MessageRow } from '../../platform/rows.ts';
import type { Envelope } from './envelope.ts';
import { deliveredMessage } from './frames.ts';
import { limits } from './limits.ts';

/** A message of history as a replay tells it: as it was delivered live, without `sqsMetadata`, which only the queue knew. */
export type ReplayedMessage = ReturnType<typeof deliveredMessage>;

function replayedMessage({ payload, messageId, senderId, publishTimestamp, sequence }: MessageRow): ReplayedMessage {
  const content = JSON.parse(payload) as Envelope['payload'];
  return deliveredMessage({ payload: content, messageId, senderId, publishTimestamp }, sequence);
}

/** Bytes that a replay has around its messages at most. */
function bytesAround(chatId: string): number {
  const number = Number.MAX_SAFE_INTEGER;
  const around = {
    type: 'replay',
    chatId,
    messages: [],
    headSequence: number,
    firstSequence: number,
    complete: false,
    nextMessageId: '0'.repeat(26),
    ackId: '',
  };
  return Buffer.byteLength(JSON.stringify(around)) + limits.replayAckIdBytes;
}

/** Bytes of UTF-8 that the replay of one message alone can have at most, before its number is known. */
export function largestReplayBytes(envelope: Envelope): number {
  const sequence = envelope.generateSequence ? Number.MAX_SAFE_INTEGER : undefined;
  const message = deliveredMessage(envelope, sequence);
  return Buffer.byteLength(JSON.stringify(message)) + bytesAround(envelope.payload.chatId);
}

/** Messages differ in size: a few rows more than the average asks for mostly save another read. */
const spareRows = 3;

/** As many messages, in order, as fit in one frame of 32 KB. The first always fits: it may be up to 128 KB by itself. */
export class ReplayPage {
  readonly messages: ReplayedMessage[] = [];
  readonly #room: number;
  #bytes = 0;

  constructor(chatId: string) {
    this.#room = limits.replayFrameBytes - bytesAround(chatId);
  }

  /** @returns whether there was room for the message. */
  add(row: MessageRow): boolean {
    const message = replayedMessage(row);
    const bytes = Buffer.byteLength(JSON.stringify(message)) + 1;
    if (this.messages.length > 0 && this.#bytes + bytes > this.#room) return false;
    this.messages.push(message);
    this.#bytes += bytes;
    return true;
  }

  /**
   * How many rows to read for what room is left, going by the messages that are here: too few cost another call, too many
   * are read for nothing. Many where a read has brought none at all.
   */
  wanted(readsSoFar: number): number {
    if (this.messages.length === 0) return readsSoFar === 0 ? 10 : 100;
    const average = this.#bytes / this.messages.length;
    return Math.min(250, Math.ceil((this.#room - this.#bytes) / average) + spareRows);
  }
}

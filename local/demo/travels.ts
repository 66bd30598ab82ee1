import type { Frame, Message } from '../../client/index.ts';
import type { PassedFrame } from './line.ts';

/** How a message came to this person. */
export interface Arrival {
  /** The message as JSON, as it stood in its frame. */
  text: string;
  how: 'live' | 'batch' | 'replay';
  /** Messages in the same frame. */
  together: number;
}

/** What a sender asked for one message, and was answered. */
export interface Sending {
  request: string;
  sentAt: number;
  reply?: string;
  afterMs?: number;
}

/** Messages remembered; the page shows fewer. */
const REMEMBERED = 1_000;

/** As much of a part's content as is shown. */
const SHOWN_CHARACTERS = 60;

/** The frames behind the messages: which one brought each, and for a sender's own the request and its reply. */
export class Travels {
  readonly #arrivals = new Map<string, Arrival>();
  readonly #firstParts = new Map<string, Arrival>();
  readonly #sendings = new Map<string, Sending>();
  readonly #byAckId = new Map<string, { messageId: string; sending: Sending }>();

  /** Takes note of a frame; gives the id of the message whose reply it is, if it is one. */
  note({ direction, at }: PassedFrame, frame: Frame): string | undefined {
    if (direction === 'out') {
      if (frame.action === 'sendMessage' && !partIn(frame.payload as Frame)) this.#send(frame, at.getTime());
      return undefined;
    }
    const messages = messagesOf(frame);
    for (const message of messages) {
      const how = frame.type === 'batch' || frame.type === 'replay' ? frame.type : 'live';
      const arrival = (shown: Frame): Arrival => ({ text: JSON.stringify(shown), how, together: messages.length });
      const ofFile = partIn(message);
      // A file is shown once, with one of its parts: all of them would take as much memory as the file.
      if (ofFile?.partNumber === 1) keep(this.#firstParts, ofFile.groupId, arrival(cutShort(message)));
      // The first one counts: the library drops repeats.
      else if (!ofFile && !this.#arrivals.has(String(message.messageId)))
        keep(this.#arrivals, String(message.messageId), arrival(message));
    }
    return this.#reply(frame, at.getTime());
  }

  arrivalOf(messageId: string): Arrival | undefined {
    return this.#arrivals.get(messageId);
  }

  firstPartOf(groupId: string): Arrival | undefined {
    return this.#firstParts.get(groupId);
  }

  sendingOf(messageId: string): Sending | undefined {
    return this.#sendings.get(messageId);
  }

  #send(frame: Frame, sentAt: number): void {
    const messageId = String(frame.messageId);
    const sending = { request: JSON.stringify(frame), sentAt };
    keep(this.#sendings, messageId, sending);
    keep(this.#byAckId, String(frame.ackId), { messageId, sending });
  }

  #reply(frame: Frame, at: number): string | undefined {
    const ackId = String(frame.ackId);
    const asked = this.#byAckId.get(ackId);
    if (!asked) return undefined;
    this.#byAckId.delete(ackId);
    asked.sending.reply = JSON.stringify(frame);
    asked.sending.afterMs = at - asked.sending.sentAt;
    return asked.messageId;
  }
}

function partIn({ multiPartMetadata }: Frame): Message['multiPartMetadata'] {
  return multiPartMetadata as Message['multiPartMetadata'];
}

function cutShort(message: Frame): Frame {
  const { content } = message;
  return typeof content === 'string' && content.length > SHOWN_CHARACTERS
    ? { ...message, content: `${content.slice(0, SHOWN_CHARACTERS)}…` }
    : message;
}

function messagesOf(frame: Frame): Frame[] {
  if (frame.type === undefined) return frame.messageId === undefined ? [] : [frame];
  return frame.type === 'batch' || frame.type === 'replay' ? (frame.messages as Frame[]) : [];
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED) return;
    map.delete(oldest);
  }
}

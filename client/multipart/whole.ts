import { type Part, sha256 } from './format.ts';
import type { HeldPart } from './group.ts';

interface Received {
  chatId: string;
  groupId: string;
  senderId: string;
  /** Of the parts, in their order. */
  messageIds: string[];
  /** Of the part that came first, as is the time. */
  eventType: string;
  publishTimestamp: string;
}

/** A whole, as its parts gave it. `bytes` are what `size` and `sha256` were checked against. */
export type ReceivedContent = Received &
  (
    | ({ name?: string | undefined; mediaType?: string | undefined; bytes: Uint8Array<ArrayBuffer> } & (
        | { encoding: 'text'; content: string }
        | { encoding: 'json'; content: unknown }
        | { encoding: 'base64'; content: Uint8Array<ArrayBuffer> }
      ))
    /** Of another kind of sender: the parts' contents as they came. */
    | { encoding: undefined; content: unknown[]; bytes?: undefined; name?: undefined; mediaType?: undefined }
  );

/** Puts the parts of a group together, all of them in order; undefined when they are not what was sent. */
export async function assemble(first: Part, parts: HeldPart[]): Promise<ReceivedContent | undefined> {
  const { chatId, groupId, senderId, eventType, publishTimestamp, about } = first;
  const messageIds = parts.map(({ messageId }) => messageId);
  const received = { chatId, groupId, senderId, messageIds, eventType, publishTimestamp };
  try {
    if (!about) return { ...received, encoding: undefined, content: parts.map(({ bytes }) => parsed(bytes)) };
    const { encoding, size, name, mediaType } = about;
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part.bytes, at);
      at += part.bytes.length;
    }
    if (at !== size || (about.sha256 && ((await sha256(bytes)) ?? about.sha256) !== about.sha256)) return undefined;
    const content = encoding === 'base64' ? bytes : encoding === 'text' ? decoded(bytes) : parsed(bytes);
    return { ...received, name, mediaType, bytes, encoding, content } as ReceivedContent;
  } catch {
    return undefined;
  }
}

/** Throws where it is not UTF-8. */
function decoded(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(decoded(bytes));
}

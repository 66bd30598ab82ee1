import type { Message } from '../index.ts';

/** Most parts the service takes in a group. */
export const MAX_PARTS = 1_000;

/** What every part says about the whole, in its payload's `multiPartContent`. See README.md, "How a whole is written". */
export interface MultiPartContent {
  /**
   * How parts become the whole: the UTF-8 bytes of their texts one after another, or the bytes that their base 64 holds.
   * `json`: the bytes are those of a JSON text.
   */
  encoding: 'text' | 'json' | 'base64';
  /** Bytes of the whole. */
  size: number;
  /** SHA-256 of these bytes in lower-case hex; absent where the sender's platform has no `crypto.subtle`. */
  sha256?: string | undefined;
  name?: string | undefined;
  mediaType?: string | undefined;
}

/** A part as it came. */
export interface Part {
  chatId: string;
  groupId: string;
  senderId: string;
  totalParts: number;
  partNumber: number;
  messageId: string;
  eventType: string;
  publishTimestamp: string;
  /** Absent when another kind of sender wrote the part. */
  about: MultiPartContent | undefined;
  /** Its share of the whole; where `about` is absent, its content as JSON. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Reads a message; undefined when it is not a part. */
export function partOf({ multiPartMetadata, content, ...message }: Message): Part | undefined {
  if (!multiPartMetadata) return undefined;
  const { chatId, senderId, messageId, eventType, publishTimestamp, multiPartContent } = message;
  const about = isAbout(multiPartContent) ? multiPartContent : undefined;
  const bytes =
    about?.encoding === 'base64'
      ? fromBase64(content)
      : utf8(about ? String(content) : JSON.stringify(content ?? null));
  return { ...multiPartMetadata, chatId, senderId, messageId, eventType, publishTimestamp, about, bytes };
}

function isAbout(value: unknown): value is MultiPartContent {
  const { encoding, size, sha256 = '', name = '', mediaType = '' } = Object(value) as Record<string, unknown>;
  const areTexts = [sha256, name, mediaType].every((text) => typeof text === 'string');
  return areTexts && /^(text|json|base64)$/.test(encoding as string) && typeof size === 'number';
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function toBase64(bytes: Uint8Array): string {
  // As arguments: a part is far from as many as an engine takes. Spread, they take five times as long.
  return btoa(String.fromCharCode.apply(null, bytes as unknown as number[]));
}

/** Nothing where it is not base 64: the whole is then shorter than it says. */
function fromBase64(text: unknown): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(String(text));
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return new Uint8Array();
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Undefined where the platform cannot: `crypto.subtle` exists in secure contexts only. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const { subtle } = crypto as { subtle?: SubtleCrypto };
  return subtle && hex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

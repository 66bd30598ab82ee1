import { callListener } from '../emitter.ts';
import { write } from '../frame.ts';
import { type Client, type Message, NotificationError, type OutgoingMessage, ServiceError } from '../index.ts';
import { MAX_FRAME_BYTES } from '../protocol.ts';
import { MAX_PARTS, type MultiPartContent, hex, sha256, toBase64, utf8 } from './format.ts';
import { splitText } from './split.ts';

export interface MultiPartProgress {
  sentParts: number;
  totalParts: number;
  /** Bytes of the content, not of the frames around it. */
  sentBytes: number;
  totalBytes: number;
}

/** How a content is sent; `eventType` and the fields after it are those of every part. */
export interface SendMultiPartOptions extends Pick<
  OutgoingMessage,
  'fields' | 'messageType' | 'messageGroupId' | 'generateSequence'
> {
  /** Default: `part`. */
  eventType?: string;
  /** What recipients may call it. Default: a File's own. */
  name?: string;
  /** Default: a File's or Blob's own. */
  mediaType?: string;
  /** Most bytes of the content in one part. Default, and at most: what fits into a frame. */
  partSize?: number;
  /** Names the group; nobody may have used it in the chat. Default: 128 random bits. */
  groupId?: string;
  /** Milliseconds that each part is tried, over reconnects. Default: 4 minutes; a group waits 5 for its next part. */
  deadlineMs?: number;
  /** Stops sending; the promise rejects with its reason. The group stays incomplete. */
  signal?: AbortSignal;
  /** Called at the start and whenever the service has taken a part. */
  onProgress?: (progress: MultiPartProgress) => unknown;
}

export interface SentMultiPart {
  groupId: string;
  /** Of the parts, in their order. */
  messageIds: string[];
}

/** One part before it is sent. `content` is made when its turn comes: all at once would take the memory twice. */
interface Share {
  bytes: number;
  content(): string;
}

/** Enough to use up what the service allows a user (50 messages a second), and little enough for a slow line. */
const IN_FLIGHT = 4;

const DEADLINE_MS = 4 * 60_000;

/**
 * Sends a content too large for one message in parts, and resolves when the service has taken all of them. A text, bytes
 * (ArrayBuffer or a view of one), a Blob or File, or any other JSON value; recipients get a Blob as bytes.
 *
 * Each part is tried like any message: over lost connections, 429 and 5xx, always with its own id. Rejects with the
 * ServiceError of the first part that is refused, and sends no more; `too-large` names the largest content possible.
 */
export async function sendMultiPart(
  client: Pick<Client, 'send' | 'on'>,
  chatId: string,
  content: unknown,
  options: SendMultiPartOptions = {},
): Promise<SentMultiPart> {
  const { eventType = 'part', fields, messageType, messageGroupId, generateSequence, signal, onProgress } = options;
  signal?.throwIfAborted();
  const groupId = options.groupId ?? hex(crypto.getRandomValues(new Uint8Array(16)));
  const message = (about: MultiPartContent, partNumber: number, totalParts: number, text: string): OutgoingMessage => ({
    chatId,
    eventType,
    content: text,
    fields: { ...fields, multiPartContent: about, multiPartMetadata: { groupId, totalParts, partNumber } },
    messageType,
    messageGroupId,
    generateSequence,
  });
  const { about, shares } = await divide(
    content,
    options,
    (some) => MAX_FRAME_BYTES - write(message(some, MAX_PARTS, MAX_PARTS, '')).bytes,
  );

  const life = new AbortController();
  const messageIds: string[] = [];
  const progress = { sentParts: 0, totalParts: shares.length, sentBytes: 0, totalBytes: about.size };
  let next = 0;
  const sendInTurn = async (): Promise<void> => {
    for (let share; (share = shares[next]);) {
      const partNumber = ++next;
      const part = message(about, partNumber, shares.length, share.content());
      const reply = await client.send(part, { deadlineMs: options.deadlineMs ?? DEADLINE_MS, signal: life.signal });
      messageIds[partNumber - 1] = reply.messageId;
      progress.sentParts++;
      progress.sentBytes += share.bytes;
      callListener(onProgress, { ...progress });
    }
  };
  const stop = (): void => life.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  // Where two senders race for a group, the service takes a part first and refuses it later, in a message to its sender.
  const onMessage = (told: Message): void => {
    const error = refusalOf(told, chatId, groupId);
    if (error) life.abort(error);
  };
  const unlisten = [client.on('message', onMessage), client.on('delivered', onMessage)];
  try {
    callListener(onProgress, { ...progress });
    const ordered = messageType === 'fifo' || generateSequence;
    await Promise.all(Array.from({ length: ordered ? 1 : IN_FLIGHT }, sendInTurn));
    life.signal.throwIfAborted();
    return { groupId, messageIds };
  } catch (error) {
    life.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    for (const end of unlisten) end();
  }
}

function refusalOf({ eventType, content }: Message, chatId: string, groupId: string): ServiceError | undefined {
  if (eventType !== 'multipart.refused') return undefined;
  const told = Object(content) as Record<string, string | number>;
  if (told.chatId !== chatId || told.groupId !== groupId) return undefined;
  const { partNumber, totalParts, reason } = told;
  return new ServiceError({
    error: `Conflict: part ${partNumber} of ${totalParts} was refused: ${reason}`,
    statusCode: 409,
    details: told,
  });
}

/** Cuts the content up. `roomWith` gives the bytes that are left for a share, as JSON, in a frame that says this. */
async function divide(
  content: unknown,
  { partSize = Infinity, name, mediaType }: SendMultiPartOptions,
  roomWith: (about: MultiPartContent) => number,
): Promise<{ about: MultiPartContent; shares: Share[] }> {
  if (!(partSize >= 1)) throw new NotificationError('invalid', `Not a size of parts: ${partSize}`);
  const { encoding, text, size, read, file } = source(content);
  const about: MultiPartContent = {
    encoding,
    size,
    // As long as the one to come, if one does.
    sha256: '0'.repeat(64),
    name: name ?? file?.name,
    mediaType: mediaType ?? (file?.type || undefined),
  };
  const room = roomWith(about);
  if (room < LEAST_ROOM)
    throw new NotificationError('too-large', 'Name, media type and fields leave no room for content');
  const most = Math.floor(Math.min(partSize, text === undefined ? Math.floor(room / 4) * 3 : room));
  const refuse = (largest: number): never => {
    throw new NotificationError(
      'too-large',
      `The content takes ${size} bytes: at most ${largest} can be sent, in ${MAX_PARTS} parts of up to ${most}`,
    );
  };
  const shares: Share[] = [];
  if (text === undefined && size > most * MAX_PARTS) refuse(most * MAX_PARTS);
  const bytes = new Uint8Array(await read());
  about.sha256 = await sha256(bytes);
  if (text === undefined) {
    // An empty content has a part, too.
    for (let at = 0; at < Math.max(size, 1); at += most) {
      const some = bytes.subarray(at, at + most);
      shares.push({ bytes: some.length, content: () => toBase64(some) });
    }
  } else {
    let sum = 0;
    for (const share of splitText(text, most, room)) {
      // Escapes take room, too, so only the text itself tells how much of it fits.
      if (shares.length === MAX_PARTS) refuse(sum);
      shares.push({ bytes: share.bytes, content: () => share.text });
      sum += share.bytes;
    }
  }
  return { about, shares };
}

/** Any character fits, however it is escaped, and so do four characters of base 64. */
const LEAST_ROOM = 8;

interface Source extends Pick<MultiPartContent, 'encoding' | 'size'> {
  /** What is cut up, unless that is bytes. */
  text?: string;
  read(): Promise<ArrayBuffer> | Uint8Array;
  /** A File says what it is called, and a Blob what it is. */
  file?: { name?: string; type?: string };
}

function source(content: unknown): Source {
  // Not `instanceof`, which fails for what another window has made.
  if (ArrayBuffer.isView(content) || /ArrayBuffer|Blob|File/.test(Object.prototype.toString.call(content))) {
    const file = content as Blob & ArrayBuffer;
    // Has a copy of bytes at once, so they may change; a Blob cannot, and is not read before it is known to be short enough.
    const body = new Response(file);
    return { encoding: 'base64', size: file.size ?? file.byteLength, read: () => body.arrayBuffer(), file };
  }
  // Half of a surrogate pair has no UTF-8; as JSON it has an escape.
  const isText = typeof content === 'string' && !/\p{Surrogate}/u.test(content);
  const text = isText ? content : (JSON.stringify(content) as string | undefined);
  if (text === undefined) throw new NotificationError('invalid', 'The content is nothing that JSON can hold');
  const bytes = utf8(text);
  return { encoding: isText ? 'text' : 'json', size: bytes.length, text, read: () => bytes };
}

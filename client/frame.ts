import type { OutgoingMessage } from './outbox.ts';

/** Room for what each attempt puts in front: `"ackId":"..","messageId":"..",`. */
const HEADER_BYTES = 80;

/** The `sendMessage` frame as JSON, without its ids, and how many UTF-8 bytes it takes with them: MAX_FRAME_BYTES at most may leave. */
export function write(message: OutgoingMessage): { text: string; bytes: number } {
  const { chatId, eventType, content, fields, messageGroupId, generateSequence } = message;
  const text = JSON.stringify({
    action: 'sendMessage',
    targetChannel: message.targetChannel ?? 'WebSocket',
    messageType: message.messageType ?? (generateSequence ? 'fifo' : undefined),
    messageGroupId,
    generateSequence,
    payload: { ...fields, chatId, eventType, content },
  });
  return { text, bytes: new TextEncoder().encode(text).length + HEADER_BYTES };
}

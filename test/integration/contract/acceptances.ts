import { type Body, type WayIn, waysIn } from './ways-in.ts';

/** A request that is taken: what is sent, and what the answer holds beside its words and an id. */
export type Acceptance = {
  what: string;
  only?: WayIn;
  body: Body;
  /** What the delivered frame's payload says, when that is not what was sent; false: nothing is delivered here. */
  delivered?: Record<string, unknown> | false;
  reply: Record<string, unknown>;
};

/** Chats in which the tables' sender is a member; the second has the longest name a chat can have. */
export const oddChat = 'Room.1:a@b_c-D';
export const longChat = 'c'.repeat(128);

const request = { targetChannel: 'WebSocket', payload: { chatId: 'chat-123', eventType: 'chat', content: 'hello' } };
const standard = { messageType: 'standard', targetChannel: 'WebSocket' };
const fifo = { messageType: 'fifo', targetChannel: 'WebSocket', messageGroupId: 'chat-123' };

function saying(fields: Record<string, unknown>): Record<string, unknown> {
  return { ...request, payload: { ...request.payload, ...fields } };
}

function targeting(targetClass: string): Acceptance {
  const target = { targetId: 'chat-123', targetClass, eventType: 'chat', content: 'to a target' };
  return {
    what: `targetId and targetClass ${targetClass}`,
    body: { targetChannel: 'WebSocket', payload: target },
    delivered: { ...target, chatId: 'chat-123' },
    reply: standard,
  };
}

/** Requests that are taken, over both ways in. Contents differ from row to row: equal FIFO contents would be one message. */
export const acceptances: Acceptance[] = [
  { what: 'the least there can be', body: request, reply: standard },
  { what: 'messageType standard', body: { ...request, messageType: 'standard' }, reply: standard },
  {
    what: 'what is for FIFO only is ignored on standard',
    body: { ...request, messageGroupId: 'a group', generateSequence: true },
    reply: standard,
  },
  {
    what: 'FIFO, in the group of its chat',
    body: { ...saying({ content: 'fifo 1' }), messageType: 'fifo' },
    reply: { ...fifo, deduplication: 'content' },
  },
  {
    what: 'FIFO, in a group of its own with characters that SNS refuses',
    body: { ...saying({ content: 'fifo 2' }), messageType: 'fifo', messageGroupId: 'Räume 7, 8 / 9' },
    reply: { ...fifo, messageGroupId: 'Räume 7, 8 / 9', deduplication: 'content' },
  },
  {
    what: 'the longest group',
    body: { ...saying({ content: 'fifo 3' }), messageType: 'fifo', messageGroupId: 'g'.repeat(1024) },
    reply: { ...fifo, messageGroupId: 'g'.repeat(1024), deduplication: 'content' },
  },
  {
    what: 'FIFO with a number',
    body: { ...saying({ content: 'fifo 4' }), messageType: 'fifo', generateSequence: true },
    reply: { ...fifo, deduplication: 'content' },
  },
  {
    what: 'a customSequence of the sender’s',
    body: { ...saying({ customSequence: { number: 42, scope: 'mine', unit: 'page' } }), messageType: 'fifo' },
    reply: { ...fifo, deduplication: 'content' },
  },
  // The same part again, over the other way in, would be another message under its number.
  ...waysIn.map((only) => ({
    what: 'a part of a whole',
    only,
    body: saying({ multiPartMetadata: { groupId: only, totalParts: 1000, partNumber: 1000, name: 'a.png' } }),
    reply: standard,
  })),
  ...['user', 'org', 'hub', 'project'].map(targeting),
  {
    what: 'chatId before targetId',
    body: saying({ targetId: 'elsewhere', targetClass: 'hub' }),
    reply: standard,
  },
  {
    what: 'every character a chat may be called',
    body: saying({ chatId: oddChat }),
    delivered: false,
    reply: standard,
  },
  { what: 'the longest chatId', body: saying({ chatId: longChat }), delivered: false, reply: standard },
  ...['', 0, false, null, [], {}, { text: 'ä€😀\u0000\uFFFE' }].map((content) => ({
    what: `content ${JSON.stringify(content)}`,
    body: saying({ content }),
    reply: standard,
  })),
  {
    what: '64 levels of nesting',
    body: saying({ content: JSON.parse('['.repeat(63) + ']'.repeat(63)) as unknown }),
    reply: standard,
  },
  {
    what: 'fields of the app’s own',
    body: saying({ constructor: 'mine', toString: 1, Type: 'chat', parentMessageId: '01J' }),
    reply: standard,
  },
  {
    what: 'another channel, whose queues are not ours',
    body: { ...request, targetChannel: 'Email' },
    delivered: false,
    reply: { ...standard, targetChannel: 'Email' },
  },
  { what: 'fields that nobody knows', body: { ...request, priority: 'high' }, reply: standard },
  { what: 'no action, as in the earlier protocol', only: 'socket', body: JSON.stringify(request), reply: standard },
  {
    what: 'JSON in a binary frame',
    only: 'socket',
    body: Buffer.from(JSON.stringify({ action: 'sendMessage', ...request })),
    reply: standard,
  },
  { what: 'an action, which HTTP does not have', only: 'http', body: { ...request, action: 'dance' }, reply: standard },
  ...['', 'a-1', 'x'.repeat(1022), 0, 17.5, false, null, ['a', 1], { request: 7 }].map((ackId) => ({
    what: `ackId ${JSON.stringify(ackId).slice(0, 20)}`,
    only: 'socket' as const,
    body: { ...request, ackId },
    reply: { ...standard, ackId },
  })),
  { what: 'an ackId, which HTTP does not echo', only: 'http', body: { ...request, ackId: {} }, reply: standard },
];

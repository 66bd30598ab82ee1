import type { Body, WayIn } from './ways-in.ts';

/** A request that is refused with 400: what is sent, and the exact words of the answer. */
export type Refusal = { what: string; only?: WayIn; body: Body; error: string | RegExp };

const payload = { chatId: 'chat-123', eventType: 'chat', content: 'hello' };
const request = { targetChannel: 'WebSocket', payload };

const notJson = 'Request body not json';
const noTargets = 'Missing required parameters: targetChannel and payload are required.';
const noChatId = 'Missing required parameter: payload.chatId is required.';
const noEventType = 'Missing required parameter: payload.eventType is required.';
const noContent = 'Missing required parameter: payload.content is required.';
const badType = "Invalid messageType. Must be 'fifo' or 'standard'.";

function without(field: keyof typeof payload): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => name !== field));
}

/** The request with other fields in its payload. */
function saying(fields: Record<string, unknown>): Body {
  return { ...request, payload: { ...payload, ...fields } };
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** One row for each value of a field beside the payload. */
function topLevel(
  field: string,
  expected: string,
  values: readonly (readonly [value: unknown, got: string])[],
): Refusal[] {
  return values.map(([value, got]) => ({
    what: `${field} ${got}`,
    body: { ...request, messageType: 'fifo', [field]: value },
    error: `Invalid ${field}: expected ${expected}, got ${got}.`,
  }));
}

/** One row for each value of an object in the payload. */
function inPayload(
  field: string,
  values: readonly (readonly [value: unknown, expected: string, got: string])[],
): Refusal[] {
  return values.map(([value, expected, got]) => ({
    what: `${field} ${show(value).slice(0, 80)}`,
    body: saying({ [field]: value }),
    error: `Invalid payload.${field}: expected ${expected}, got ${got}.`,
  }));
}

const bodies: Refusal[] = [
  { what: 'plain text', body: 'hello', error: notJson },
  { what: 'nothing', body: '', error: notJson },
  { what: 'half of an object', body: '{"targetChannel":"WebSocket"', error: notJson },
  { what: 'an array', body: [request], error: notJson },
  { what: 'null', body: null, error: notJson },
  { what: 'a number', body: 5, error: notJson },
  { what: 'a string', body: JSON.stringify(JSON.stringify(request)), error: notJson },
  { what: 'true', body: true, error: notJson },
  { what: 'bytes that are no text', body: Uint8Array.of(0, 159, 146, 150), error: notJson },
  { what: 'JSON around bytes that are no text', body: notUtf8(), error: notJson },
  { what: 'an array in a binary frame', only: 'socket', body: Buffer.from('[]'), error: notJson },
];

function notUtf8(): Buffer {
  const [before = '', after = ''] = JSON.stringify(saying({ content: '|' })).split('|');
  return Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]);
}

const targets: Refusal[] = [
  { what: 'an empty object', body: {}, error: noTargets },
  { what: 'no targetChannel', body: { payload }, error: noTargets },
  { what: 'no payload', body: { targetChannel: 'WebSocket' }, error: noTargets },
  ...['', 5, null, {}].map((targetChannel) => ({
    what: `targetChannel ${show(targetChannel)}`,
    body: { ...request, targetChannel },
    error: noTargets,
  })),
  ...[null, 'text', [], 5].map((value) => ({
    what: `payload ${show(value)}`,
    body: { ...request, payload: value },
    error: noTargets,
  })),
  ...topLevel('targetChannel', '1-128 printable ASCII characters', [
    ['Wéb', '"Wéb"'],
    ['a\nb', '"a\\nb"'],
    ['x'.repeat(129), 'a string of 129 characters'],
  ]),
];

const chatIds: Refusal[] = [
  { what: 'no chatId', body: { ...request, payload: without('chatId') }, error: noChatId },
  { what: 'chatId ""', body: saying({ chatId: '' }), error: noChatId },
  { what: 'chatId null', body: saying({ chatId: null }), error: noChatId },
  ...[{ targetId: 'chat-123' }, { targetClass: 'hub' }, { targetId: 'chat-123', targetClass: 'team' }].map(
    (target) => ({
      what: `only ${show(target)}`,
      body: { ...request, payload: { ...without('chatId'), ...target } },
      error: noChatId,
    }),
  ),
  ...inPayload(
    'chatId',
    (
      [
        ['a b', '"a b"'],
        ['a/b', '"a/b"'],
        ['a#b', '"a#b"'],
        ['a,b', '"a,b"'],
        ['ä', '"ä"'],
        ['a\n', '"a\\n"'],
        ['__proto__', '"__proto__"'],
        ['x'.repeat(129), 'a string of 129 characters'],
        [5, '5'],
        [true, 'true'],
        [['chat-123'], 'an array'],
        [{}, 'an object'],
      ] as const
    ).map(([value, got]) => [value, '1-128 characters of A-Z a-z 0-9 - _ . : @', got]),
  ),
  {
    what: 'a targetId that can be no chat',
    body: { ...request, payload: { ...without('chatId'), targetId: 'a b', targetClass: 'user' } },
    error: 'Invalid payload.chatId: expected 1-128 characters of A-Z a-z 0-9 - _ . : @, got "a b".',
  },
];

const contents: Refusal[] = [
  { what: 'no eventType', body: { ...request, payload: without('eventType') }, error: noEventType },
  ...['', null, 5, {}].map((eventType) => ({
    what: `eventType ${show(eventType)}`,
    body: saying({ eventType }),
    error: noEventType,
  })),
  ...inPayload('eventType', [['a\ud800', 'well-formed Unicode', '"a\\ud800"']]),
  { what: 'no content', body: { ...request, payload: without('content') }, error: noContent },
  ...['FIFO', '', 'sqs', null, 5].map((messageType) => ({
    what: `messageType ${show(messageType)}`,
    body: { ...request, messageType },
    error: badType,
  })),
];

/** The request as text, with this JSON for its content. */
function containing(content: string): string {
  return JSON.stringify(saying({ content: '|' })).replace('"|"', content);
}

const notFinite = 'Invalid payload: expected finite numbers, got one beyond the range of a double.';
const tooDeep = 'Invalid payload: expected at most 64 levels of nesting, got more.';
const shapes: Refusal[] = [
  { what: '65 levels', body: containing('['.repeat(64) + ']'.repeat(64)), error: tooDeep },
  { what: '60,000 levels', body: containing('['.repeat(60_000) + ']'.repeat(60_000)), error: tooDeep },
  { what: '1e400', body: containing('1e400'), error: notFinite },
  { what: '-1e400 further in', body: containing('{"a":[-1e400]}'), error: notFinite },
];

const sequenceShape = 'an object with number, scope';
const wholeNumber = 'number to be a positive integer';
const customSequences = inPayload('customSequence', [
  ['42', sequenceShape, '"42"'],
  [42, sequenceShape, '42'],
  [null, sequenceShape, 'null'],
  [[], sequenceShape, 'an array'],
  [{}, wholeNumber, 'nothing'],
  [{ scope: 'a' }, wholeNumber, 'nothing'],
  [{ number: '42', scope: 'a' }, wholeNumber, '"42"'],
  [{ number: 0, scope: 'a' }, wholeNumber, '0'],
  [{ number: -1, scope: 'a' }, wholeNumber, '-1'],
  [{ number: 1.5, scope: 'a' }, wholeNumber, '1.5'],
  [{ number: 2 ** 53, scope: 'a' }, wholeNumber, '9007199254740992'],
  [{ number: 42 }, 'scope to be a non-empty string', 'nothing'],
  [{ number: 42, scope: '' }, 'scope to be a non-empty string', '""'],
  [{ number: 42, scope: 5 }, 'scope to be a non-empty string', '5'],
  [{ number: 42, scope: '\udc00' }, 'scope to be well-formed Unicode', '"\\udc00"'],
]);

const partsShape = 'an object with groupId, totalParts, partNumber';
const groupId = 'groupId to be a string of 1-256 characters';
const totalParts = 'totalParts to be an integer from 1 to 1000';
const partNumber = 'partNumber to be an integer from 1 to totalParts';
const whole = { groupId: 'upload', totalParts: 5, partNumber: 1 };
const multiParts = inPayload('multiPartMetadata', [
  ['part 1 of 5', partsShape, '"part 1 of 5"'],
  [null, partsShape, 'null'],
  [[1, 5], partsShape, 'an array'],
  [{}, groupId, 'nothing'],
  [{ ...whole, groupId: '' }, groupId, '""'],
  [{ ...whole, groupId: 5 }, groupId, '5'],
  [{ ...whole, groupId: 'x'.repeat(257) }, groupId, 'a string of 257 characters'],
  [{ ...whole, groupId: '\ud800' }, 'groupId to be well-formed Unicode', '"\\ud800"'],
  [{ groupId: 'upload', partNumber: 1 }, totalParts, 'nothing'],
  [{ ...whole, totalParts: 0 }, totalParts, '0'],
  [{ ...whole, totalParts: 1001 }, totalParts, '1001'],
  [{ ...whole, totalParts: '5' }, totalParts, '"5"'],
  [{ groupId: 'upload', totalParts: 5 }, partNumber, 'nothing'],
  [{ ...whole, partNumber: 0 }, partNumber, '0'],
  [{ ...whole, partNumber: 1.5 }, partNumber, '1.5'],
  [{ ...whole, partNumber: 6 }, 'partNumber to be an integer from 1 to totalParts (5)', '6'],
]);

const recent = 'a time at most 24 h ago and at most 60 s ahead';
const others: Refusal[] = [
  ...topLevel('messageId', 'a ULID in upper case', [
    ['01arz3ndektsv4rrffq69g5fav', '"01arz3ndektsv4rrffq69g5fav"'],
    ['', '""'],
    ['abc', '"abc"'],
    [5, '5'],
    [null, 'null'],
    ['7d9f1c9e-6f3c-4b5e-9d51-2f6a3c1d9a10', '"7d9f1c9e-6f3c-4b5e-9d51-2f6a3c1d9a10"'],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAI', '"01ARZ3NDEKTSV4RRFFQ69G5FAI"'],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAVX', '"01ARZ3NDEKTSV4RRFFQ69G5FAVX"'],
    ['8ZZZZZZZZZZZZZZZZZZZZZZZZZ', '"8ZZZZZZZZZZZZZZZZZZZZZZZZZ"'],
  ]),
  ...topLevel('messageId', recent, [
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '"01ARZ3NDEKTSV4RRFFQ69G5FAV" of 2016-07-30T23:54:10.259Z'],
    ['7ZZZZZZZZZZZZZZZZZZZZZZZZZ', '"7ZZZZZZZZZZZZZZZZZZZZZZZZZ" of +010889-08-02T05:31:50.655Z'],
  ]),
  ...topLevel('messageGroupId', 'a string of 1-1024 characters', [
    ['', '""'],
    [5, '5'],
    [null, 'null'],
    ['x'.repeat(1025), 'a string of 1025 characters'],
  ]),
  ...topLevel('messageGroupId', 'well-formed Unicode', [['\ud800', '"\\ud800"']]),
  ...['generateSequence', 'requestAck'].flatMap((field) =>
    topLevel(field, 'true or false', [
      ['true', '"true"'],
      [1, '1'],
      [null, 'null'],
    ]),
  ),
  ...[
    'type',
    'messageId',
    'senderId',
    'publishTimestamp',
    'sqsMetadata',
    'sequence',
    'headSequence',
    'error',
    'statusCode',
    'ackId',
  ].map((field) => ({
    what: `payload.${field}`,
    body: saying({ [field]: field === 'type' ? null : 'forged' }),
    error: `Reserved payload field: ${field}; the service sets it itself.`,
  })),
  ...['multipart.completed', 'multipart.'].map((eventType) => ({
    what: `eventType ${eventType}`,
    body: saying({ eventType }),
    error: `Reserved payload.eventType: "${eventType}"; types that start with "multipart." are sent by the service.`,
  })),
];

const actions: Refusal[] = ['dance', 'SENDMESSAGE', '', '$default', 5, null, {}, []].map((action) => {
  const shown = Array.isArray(action) ? 'an array' : show(action).replace('{}', 'an object');
  return {
    what: `action ${shown}`,
    only: 'socket',
    body: { ...request, action },
    error: new RegExp(`^Unknown action: ${shown.replace('$', '\\$')}\\. Known actions: sendMessage[a-zA-Z, ]*\\.$`),
  };
});

const ackIds: Refusal[] = [
  {
    what: 'an ackId that would be most of the answer',
    only: 'socket',
    body: { ...request, ackId: 'x'.repeat(1023) },
    error: 'Invalid ackId: expected at most 1024 characters of JSON, got a string of 1023 characters.',
  },
];

/** Every request that is refused for what it says, by the row of the error table in docs/protocol.md it belongs to. */
export const refusals: Record<string, Refusal[]> = {
  'a body that is no JSON object': bodies,
  'no targetChannel or payload': targets,
  'the shape of the payload': shapes,
  chatId: chatIds,
  'eventType, content and messageType': contents,
  customSequence: customSequences,
  multiPartMetadata: multiParts,
  'messageId, messageGroupId, generateSequence, requestAck and what is reserved': others,
  'unknown actions': actions,
  ackId: ackIds,
};

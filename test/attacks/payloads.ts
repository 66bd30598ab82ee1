import { gzipSync } from 'node:zlib';
import type { Frame } from '../setup/socket.ts';
import { type Attack, errorFrame, graphqlError, overGraphql, overHttp, overWebSocket } from './attack.ts';
import { frame, opcodes } from './raw-socket.ts';
import { prototypeNames, type Scene, vault } from './scene.ts';

const notJson = 'Request body not json';
const noTargets = 'Missing required parameters: targetChannel and payload are required.';
const tooDeep = 'Invalid payload: expected at most 64 levels of nesting, got more.';

/** Names that no chat, person or redrive can have: separators and prefixes of keys, and what people do not see. */
const badIds: [what: string, id: string][] = [
  ['a lock’s', 'lock#fifo'],
  ['that of a waiting letter', '#waiting'],
  ['that of a large chat', '!large'],
  ['a part’s', 'part#0001'],
  ['with a bar', 'vault|a'],
  ['with a NUL', 'vault\u0000'],
  ['with a control character', 'va\u0007ult'],
  ['with a space', ' vault'],
  ['with a right-to-left mark', '\u200fvault'],
  ['with letters that look alike', 'v\u0430ult'],
  ['__proto__', '__proto__'],
  ['half of a surrogate pair', '\ud800'],
];

const invalidChat = expect.stringMatching(/^Invalid chatId: expected 1-128 characters of A-Z a-z 0-9/) as unknown;
const invalidInput = (name: string): object =>
  graphqlError('InvalidInput', expect.stringContaining(`Invalid ${name}: expected`));

const odd: Attack[] = badIds.flatMap(([what, id]) => [
  overWebSocket(
    `a chat’s name that is none to listen to: ${what}`,
    (scene) => scene.ask('mallory', { action: 'subscribe', chatIds: [id] }),
    { type: 'subscribed', chats: [], refused: [{ chatId: id, error: invalidChat }] },
  ),
  overWebSocket(
    `a chat’s name that is none to read: ${what}`,
    (scene) => scene.ask('mallory', { action: 'replay', chatId: id, fromSequence: 1 }),
    errorFrame(400, invalidChat),
  ),
  overHttp(
    `a person’s name that is none to grant to: ${what}`,
    (scene) => {
      const own = scene.userId('mallory');
      return scene.http('mallory', JSON.stringify({ targetUserId: id, chatId: own }), { path: '/permissions' });
    },
    { status: 400, body: { error: expect.stringContaining('Invalid userId: expected') as unknown } },
  ),
  overGraphql(
    `a chat’s name that is none: ${what}`,
    (scene) => scene.graphql('mallory', 'query($id: ID!) { messages(chatId: $id) { nextToken } }', { id }),
    invalidInput('chatId'),
  ),
  overGraphql(
    `a redrive’s name that is none: ${what}`,
    (scene) => scene.graphql('olga', 'query($id: ID!) { redrive(redriveId: $id) { status } }', { id }),
    invalidInput('redriveId'),
  ),
]);

/** JSON of a message, with this JSON instead of its content. */
function saying(scene: Scene, content: string): string {
  return JSON.stringify(scene.message({}, { content: '|' })).replace('"|"', content);
}

/** JSON of a message, with this JSON beside its payload. */
function beside(scene: Scene, json: string): string {
  return JSON.stringify({ ...scene.message({}, { chatId: scene.userId('mallory') }), beside: '|' }).replace(
    '"|"',
    json,
  );
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const keys = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 1])));

const heavy: Attack[] = [
  overHttp('100,000 levels of nesting in the payload', (scene) => scene.http('bob', saying(scene, nested(100_000))), {
    status: 400,
    body: { error: tooDeep },
  }),
  overHttp(
    '2,000,000 levels of nesting beside the payload, where nobody looks',
    (scene) => scene.http('mallory', beside(scene, nested(2_000_000))),
    { status: 200 },
  ),
  overHttp('100,000 levels and no end', (scene) => scene.http('mallory', '['.repeat(100_000)), {
    status: 400,
    body: { error: notJson },
  }),
  overHttp('100,000 fields in the payload', (scene) => scene.http('bob', saying(scene, keys(100_000))), {
    status: 413,
    body: { error: expect.stringMatching(/^Payload too large: /) as unknown },
  }),
  overHttp(
    '100,000 fields beside the payload, where nobody looks',
    (scene) => scene.http('mallory', beside(scene, keys(100_000))),
    { status: 200 },
  ),
  overHttp('9 MB of words', (scene) => scene.http('bob', saying(scene, JSON.stringify('x'.repeat(9_000_000)))), {
    status: 413,
    body: { error: expect.stringMatching(/^Payload too large: /) as unknown },
  }),
  overHttp(
    'more than 10 MB, as its length says: nobody waits for it',
    async (scene) => {
      const authorization = `authorization: Bearer ${await scene.token('bob')}`;
      return scene.raw('POST /publish', [authorization, 'content-length: 10485761'], '{');
    },
    { status: 413, body: '{"message":"Request Entity Too Large"}' },
  ),
  overHttp(
    'more than 10 MB, in chunks without an end',
    async (scene) => {
      const authorization = `authorization: Bearer ${await scene.token('bob')}`;
      const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      return scene.raw('POST /publish', [authorization, 'transfer-encoding: chunked'], '', chunk);
    },
    { status: 413 },
  ),
  overWebSocket(
    '60,000 levels of nesting as a list of chats',
    (scene) => scene.ask('mallory', `{"action":"subscribe","chatIds":${nested(60_000)}}`),
    errorFrame(400, expect.stringMatching(/^Invalid chatIds: /)),
  ),
  overWebSocket(
    '60,000 levels of nesting as an action',
    (scene) => scene.ask('mallory', `{"action":${nested(60_000)}}`),
    errorFrame(400, expect.stringMatching(/^Unknown action: an array/)),
  ),
  overWebSocket(
    '5,000 positions in a ping',
    (scene) => scene.ask('mallory', `{"action":"ping","positions":${keys(5_000)}}`),
    errorFrame(400, expect.stringMatching(/^Invalid positions: /)),
  ),
];

const encoded: Attack[] = [
  overHttp(
    'a compressed body',
    (scene) => {
      const body = new Uint8Array(gzipSync(JSON.stringify(scene.message())));
      return scene.http('bob', body, { headers: { 'content-encoding': 'gzip' } });
    },
    { status: 400, body: { error: notJson } },
  ),
  overHttp(
    'UTF-16',
    (scene) =>
      scene.http('bob', new Uint8Array(Buffer.from(JSON.stringify(scene.message()), 'utf16le')), {
        headers: { 'content-type': 'application/json; charset=utf-16' },
      }),
    { status: 400, body: { error: notJson } },
  ),
  overHttp(
    'a form',
    (scene) =>
      scene.http('bob', 'targetChannel=WebSocket&payload[chatId]=chat-123', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    { status: 400, body: { error: notJson } },
  ),
  ...['text/plain', 'application/xml', 'multipart/form-data; boundary=a', ''].map((type) =>
    overHttp(
      `JSON that says it is ${type || 'nothing'}: a stranger’s stays one`,
      (scene) => scene.http('mallory', JSON.stringify(scene.message()), { headers: { 'content-type': type } }),
      { status: 403 },
    ),
  ),
];

/** What prototypes give to every object is not given by a client. */
const inherited: Attack[] = [
  overWebSocket(
    'a message whose fields are its prototype’s',
    (scene) => scene.ask('bob', `{"__proto__":${JSON.stringify(scene.message())}}`),
    errorFrame(400, noTargets),
  ),
  overWebSocket(
    'a payload whose fields are its prototype’s',
    (scene) => scene.ask('bob', JSON.stringify(scene.message()).replace('"payload":', '"payload":{"__proto__":') + '}'),
    errorFrame(400, 'Missing required parameter: payload.chatId is required.'),
  ),
  overWebSocket(
    'reserved words in the payload’s prototype: the frame is the service’s own',
    async (scene) => {
      const forged = `{"__proto__":{"senderId":"ada","type":"pong"},"chatId":"chat-123"`;
      const sent = JSON.stringify(scene.message()).replace('{"chatId":"chat-123"', forged);
      const { messageId } = await scene.ask('bob', sent);
      const heard = await scene.socketOf('carol').next((frame) => frame['messageId'] === messageId);
      return { senderIsBob: heard['senderId'] === scene.userId('bob'), type: typeof heard['type'] };
    },
    { senderIsBob: true, type: 'undefined' },
  ),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].flatMap((name) => [
    overWebSocket(
      `an action called ${name}`,
      (scene) => scene.ask('mallory', { action: name }),
      errorFrame(400, expect.stringContaining(`Unknown action: "${name}"`)),
    ),
    overWebSocket(
      `a messageType called ${name}`,
      (scene) => scene.as('bob', { messageType: name }),
      errorFrame(400, "Invalid messageType. Must be 'fifo' or 'standard'."),
    ),
  ]),
  ...prototypeNames.map((name) =>
    overWebSocket(
      `a chat called ${name}, which is a chat like others`,
      async (scene) => {
        const { chats } = await scene.ask('bob', { action: 'subscribe', chatIds: [name] });
        const { messageId } = await scene.as('bob', {}, { chatId: name, eventType: name });
        await scene.socketOf('bob').next((frame) => frame['messageId'] === messageId && frame['type'] === undefined);
        const { heads } = await scene.ask('bob', { action: 'ping', positions: { [name]: 0 } });
        const stranger = await scene.ask('mallory', { action: 'ping', positions: { [name]: 0 } });
        return { chats, heads: Object.entries(heads as object), notSubscribed: stranger['notSubscribed'] };
      },
      { chats: [{ chatId: name, headSequence: 0 }], heads: [[name, 0]], notSubscribed: [name] },
    ),
  ),
];

const numbers: Attack[] = ['9007199254740992', '1e400', '-1', '1.5', '"1"', 'null', '[1]'].map((number) =>
  overWebSocket(
    `a number to read from: ${number}`,
    (scene) => scene.ask('bob', `{"action":"replay","chatId":"chat-123","fromSequence":${number}}`),
    errorFrame(400, expect.stringMatching(/^Invalid fromSequence: /)),
  ),
);

const others: Attack[] = [
  overWebSocket(
    'a chat of others to listen to',
    (scene) => scene.ask('mallory', { action: 'subscribe', chatIds: [vault] }),
    { chats: [], refused: [{ chatId: vault, error: 'Forbidden: You do not have permission to join this chat.' }] },
  ),
  overWebSocket(
    'a chat of others to read',
    (scene) => scene.ask('mallory', { action: 'replay', chatId: vault, afterMessageId: '00000000000000000000000000' }),
    errorFrame(403, 'Forbidden: You do not have permission to read this chat.'),
  ),
  overWebSocket(
    'the head of a chat of others',
    (scene) => scene.ask('mallory', { action: 'ping', positions: { [vault]: 0 } }),
    { type: 'pong', heads: {}, notSubscribed: [vault] },
  ),
  overWebSocket(
    'reports of what cannot be: nothing answers them, and the socket goes on',
    async (scene) => {
      const socket = await scene.open('mallory');
      const reports = ['{}', '{"messageId":{},"receivedAt":[]}', `{"messageId":"${scene.planted}","receivedAt":"now"}`];
      for (const report of reports) {
        socket.send(frame(report.replace('{', '{"action":"report",').replace(',}', '}'), { opcode: opcodes.text }));
      }
      socket.send(frame('{"action":"unheard of","ackId":"after"}', { opcode: opcodes.text }));
      await socket.next(({ ackId }) => ackId === 'after');
      socket.stream.destroy();
      return { answers: socket.texts.length };
    },
    { answers: 1 },
  ),
  overWebSocket(
    'a part in a group of others',
    async (scene) => scene.as('mallory', {}, { multiPartMetadata: { groupId: 'x', totalParts: 2, partNumber: 1 } }),
    errorFrame(403, 'Forbidden: You do not have permission to send messages to this chat.'),
  ),
  overWebSocket(
    'a group of parts called like the key of another part: a name like others',
    async (scene) => {
      const group = (groupId: string) => ({ multiPartMetadata: { groupId, totalParts: 2, partNumber: 1 } });
      const answers = await Promise.all(
        ['a', 'a#part#0001', '#group', 'part#0002'].map((groupId) => scene.as('bob', {}, group(groupId))),
      );
      return { types: answers.map(({ type }) => type) };
    },
    { types: ['reply', 'reply', 'reply', 'reply'] },
  ),
  overWebSocket(
    'secrets for names, of a group, of groups of parts, of a channel, of a kind of event: none comes into a log',
    async (scene) => {
      const secret = (what: string): string => `${what} ${scene.planted}`;
      const part = (groupId: string, totalParts: number) => ({
        multiPartMetadata: { groupId, totalParts, partNumber: 1 },
      });
      const groupId = secret('whole');
      const answers = [
        await scene.as('bob', { messageType: 'fifo', messageGroupId: secret('group') }),
        await scene.as('bob', { targetChannel: secret('channel') }),
        await scene.as('bob', {}, { eventType: secret('event') }),
        await scene.as('bob', {}, part(secret('a part that nothing follows'), 2)),
        await scene.as('bob', { messageType: 'fifo', messageGroupId: secret('parts') }, part(groupId, 1)),
      ];
      const isCompletion = ({ eventType, content }: Frame): boolean =>
        eventType === 'multipart.completed' && (content as Frame)['groupId'] === groupId;
      await scene.socketOf('carol').next(isCompletion, 'the announcement of the whole');
      return { types: answers.map(({ type }) => type) };
    },
    { types: ['reply', 'reply', 'reply', 'reply', 'reply'] },
  ),
];

/** What messages and requests say, over every way in. */
export const payloadAttacks: Attack[] = [...odd, ...heavy, ...encoded, ...inherited, ...numbers, ...others];

import fc from 'fast-check';
import { InvalidRequest } from '../../functions/domain/protocol/errors.ts';
import { parsePublishRequest, reservedPayloadFields } from '../../functions/domain/protocol/publish-request.ts';

const payload = { chatId: 'chat-1', eventType: 'chat', content: 'hello' };
const request = { targetChannel: 'WebSocket', payload };

function refusal(body: Record<string, unknown>): string {
  try {
    parsePublishRequest(body);
  } catch (error) {
    if (error instanceof InvalidRequest) return error.message;
    throw error;
  }
  return 'accepted';
}

const noTargets = 'Missing required parameters: targetChannel and payload are required.';
const noChatId = 'Missing required parameter: payload.chatId is required.';
const noEventType = 'Missing required parameter: payload.eventType is required.';
const chatIdRule = 'expected 1-128 characters of A-Z a-z 0-9 - _ . : @';
const badType = "Invalid messageType. Must be 'fifo' or 'standard'.";

describe('what a publish request must be', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['nothing', {}, noTargets],
    ['no targetChannel', { payload }, noTargets],
    ['an empty targetChannel', { ...request, targetChannel: '' }, noTargets],
    ['a targetChannel that is no string', { ...request, targetChannel: 7 }, noTargets],
    ['no payload', { targetChannel: 'WebSocket' }, noTargets],
    ['a payload of null', { ...request, payload: null }, noTargets],
    ['a payload that is a string', { ...request, payload: 'hello' }, noTargets],
    ['a payload that is an array', { ...request, payload: [payload] }, noTargets],
    [
      'a targetChannel that SNS would refuse',
      { ...request, targetChannel: 'Web\u0000Socket' },
      'Invalid targetChannel: expected 1-128 printable ASCII characters, got "Web\\u0000Socket".',
    ],
    [
      'a targetChannel that is too long',
      { ...request, targetChannel: 'x'.repeat(129) },
      'Invalid targetChannel: expected 1-128 printable ASCII characters, got a string of 129 characters.',
    ],
    ['a messageType of another kind', { ...request, messageType: 'FIFO' }, badType],
    ['a messageType of null', { ...request, messageType: null }, badType],
    [
      'an empty messageGroupId',
      { ...request, messageGroupId: '' },
      'Invalid messageGroupId: expected a string of 1-1024 characters, got "".',
    ],
    [
      'a messageGroupId that is no string',
      { ...request, messageGroupId: {} },
      'Invalid messageGroupId: expected a string of 1-1024 characters, got an object.',
    ],
    [
      'a messageGroupId with half of a surrogate pair',
      { ...request, messageGroupId: '\udc00' },
      'Invalid messageGroupId: expected well-formed Unicode, got "\\udc00".',
    ],
    [
      'a generateSequence that is no boolean',
      { ...request, generateSequence: 'true' },
      'Invalid generateSequence: expected true or false, got "true".',
    ],
    [
      'a requestAck that is no boolean',
      { ...request, requestAck: 1 },
      'Invalid requestAck: expected true or false, got 1.',
    ],
    [
      'a messageId that is a UUID',
      { ...request, messageId: '2b1d9a6e-0000-4000-8000-000000000000' },
      'Invalid messageId: expected a ULID in upper case, got "2b1d9a6e-0000-4000-8000-000000000000".',
    ],
    [
      'a messageId in lower case',
      { ...request, messageId: '01arz3ndektsv4rrffq69g5fav' },
      'Invalid messageId: expected a ULID in upper case, got "01arz3ndektsv4rrffq69g5fav".',
    ],
    [
      'a messageId past the end of time',
      { ...request, messageId: '81ARZ3NDEKTSV4RRFFQ69G5FAV' },
      'Invalid messageId: expected a ULID in upper case, got "81ARZ3NDEKTSV4RRFFQ69G5FAV".',
    ],
  ])('%s', (_what, body, message) => {
    expect(refusal(body)).toBe(message);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no chatId', { chatId: undefined }, noChatId],
    ['an empty chatId', { chatId: '' }, noChatId],
    ['a chatId of null', { chatId: null }, noChatId],
    ['a chatId that is a number', { chatId: 5 }, `Invalid payload.chatId: ${chatIdRule}, got 5.`],
    ['a chatId with a space', { chatId: 'chat 1' }, `Invalid payload.chatId: ${chatIdRule}, got "chat 1".`],
    ['a chatId with a comma', { chatId: 'a,b' }, `Invalid payload.chatId: ${chatIdRule}, got "a,b".`],
    ['a chatId with a line end', { chatId: 'a\n' }, `Invalid payload.chatId: ${chatIdRule}, got "a\\n".`],
    [
      'a chatId that is no key like others',
      { chatId: '__proto__' },
      `Invalid payload.chatId: ${chatIdRule}, got "__proto__".`,
    ],
    [
      'a chatId that is too long',
      { chatId: 'x'.repeat(129) },
      `Invalid payload.chatId: ${chatIdRule}, got a string of 129 characters.`,
    ],
    ['a targetId without a targetClass', { chatId: undefined, targetId: 'user-1' }, noChatId],
    ['a targetClass of another kind', { chatId: undefined, targetId: 'user-1', targetClass: 'team' }, noChatId],
    [
      'a targetId that can be no chat',
      { chatId: undefined, targetId: 'user 1', targetClass: 'user' },
      `Invalid payload.chatId: ${chatIdRule}, got "user 1".`,
    ],
    ['no eventType', { eventType: undefined }, noEventType],
    ['an empty eventType', { eventType: '' }, noEventType],
    ['an eventType that is no string', { eventType: 5 }, noEventType],
    [
      'an eventType of the service’s own',
      { eventType: 'multipart.completed' },
      'Reserved payload.eventType: "multipart.completed"; types that start with "multipart." are sent by the service.',
    ],
    [
      'an eventType with half of a surrogate pair',
      { eventType: 'a\ud800' },
      'Invalid payload.eventType: expected well-formed Unicode, got "a\\ud800".',
    ],
    ['no content', { content: undefined }, 'Missing required parameter: payload.content is required.'],
  ])('payload: %s', (_what, fields, message) => {
    const body = JSON.parse(JSON.stringify({ ...request, payload: { ...payload, ...fields } })) as typeof request;
    expect(refusal(body)).toBe(message);
  });

  const number = 'Invalid payload.customSequence: expected number to be a positive integer, got';
  const scope = 'Invalid payload.customSequence: expected scope to be a non-empty string, got';
  test.each<[unknown, string]>([
    ['x', 'Invalid payload.customSequence: expected an object with number, scope, got "x".'],
    [null, 'Invalid payload.customSequence: expected an object with number, scope, got null.'],
    [[], 'Invalid payload.customSequence: expected an object with number, scope, got an array.'],
    [{ scope: 's' }, `${number} nothing.`],
    [{ number: '1', scope: 's' }, `${number} "1".`],
    [{ number: 0, scope: 's' }, `${number} 0.`],
    [{ number: -1, scope: 's' }, `${number} -1.`],
    [{ number: 1.5, scope: 's' }, `${number} 1.5.`],
    [{ number: 2 ** 53, scope: 's' }, `${number} 9007199254740992.`],
    [{ number: 1 }, `${scope} nothing.`],
    [{ number: 1, scope: '' }, `${scope} "".`],
    [{ number: 1, scope: 7 }, `${scope} 7.`],
    [
      { number: 1, scope: '\ud800' },
      'Invalid payload.customSequence: expected scope to be well-formed Unicode, got "\\ud800".',
    ],
  ])('customSequence: %j', (customSequence, message) => {
    expect(refusal({ ...request, payload: { ...payload, customSequence } })).toBe(message);
  });

  const multiPart = 'Invalid payload.multiPartMetadata: expected';
  const part = { groupId: 'file', totalParts: 5, partNumber: 1 };
  test.each<[unknown, string]>([
    [1, `${multiPart} an object with groupId, totalParts, partNumber, got 1.`],
    [{ ...part, groupId: undefined }, `${multiPart} groupId to be a string of 1-256 characters, got nothing.`],
    [{ ...part, groupId: '' }, `${multiPart} groupId to be a string of 1-256 characters, got "".`],
    [{ ...part, groupId: '\ud800' }, `${multiPart} groupId to be well-formed Unicode, got "\\ud800".`],
    [{ ...part, totalParts: 0 }, `${multiPart} totalParts to be an integer from 1 to 1000, got 0.`],
    [{ ...part, totalParts: 1001 }, `${multiPart} totalParts to be an integer from 1 to 1000, got 1001.`],
    [{ ...part, totalParts: '5' }, `${multiPart} totalParts to be an integer from 1 to 1000, got "5".`],
    [{ ...part, partNumber: 0 }, `${multiPart} partNumber to be an integer from 1 to totalParts, got 0.`],
    [{ ...part, partNumber: 1.5 }, `${multiPart} partNumber to be an integer from 1 to totalParts, got 1.5.`],
    [{ ...part, partNumber: 6 }, `${multiPart} partNumber to be an integer from 1 to totalParts (5), got 6.`],
  ])('multiPartMetadata: %j', (multiPartMetadata, message) => {
    const body = JSON.parse(
      JSON.stringify({ ...request, payload: { ...payload, multiPartMetadata } }),
    ) as typeof request;
    expect(refusal(body)).toBe(message);
  });

  test.each(reservedPayloadFields)('payload.%s is the service’s own', (field) => {
    expect(refusal({ ...request, payload: { ...payload, [field]: 1 } })).toBe(
      `Reserved payload field: ${field}; the service sets it itself.`,
    );
  });
});

describe('what comes out of a publish request', () => {
  test('defaults', () => {
    expect(parsePublishRequest(request)).toEqual({
      ...request,
      messageType: 'standard',
      generateSequence: false,
      requestAck: false,
    });
  });

  test.each([[null], [0], [''], [false], [[]], [{ deep: [1] }]])('content may be anything: %j', (content) => {
    expect(parsePublishRequest({ ...request, payload: { ...payload, content } }).payload.content).toEqual(content);
  });

  test('surrogates in pairs are text like any other', () => {
    const [eventType, groupId] = ['💬', 'g💬'];
    const said = { ...payload, eventType, multiPartMetadata: { groupId, totalParts: 1, partNumber: 1 } };
    expect(refusal({ ...request, messageGroupId: '💬', payload: said })).toBe('accepted');
  });

  test('bounds are included', () => {
    const multiPartMetadata = { groupId: 'g', totalParts: 1000, partNumber: 1000 };
    const chatId = 'x'.repeat(128);
    expect(refusal({ ...request, payload: { ...payload, chatId, multiPartMetadata } })).toBe('accepted');
    expect(refusal({ ...request, payload: { ...payload, chatId: 'Aa0-_.:@' } })).toBe('accepted');
    expect(refusal({ ...request, payload: { ...payload, chatId: '__proto__.1' } })).toBe('accepted');
  });

  test('the earlier protocol’s target becomes the chat, for each of its classes', () => {
    for (const targetClass of ['user', 'org', 'hub', 'project']) {
      const earlier = { targetId: 'target-1', targetClass, eventType: 'note', content: 'x' };
      expect(parsePublishRequest({ ...request, payload: earlier }).payload).toEqual({ ...earlier, chatId: 'target-1' });
    }
    const both = { ...payload, targetId: 'target-1', targetClass: 'user' };
    expect(parsePublishRequest({ ...request, payload: both }).payload).toEqual(both);
  });

  test('the payload’s own fields come through untouched, whatever they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
        fc.pre(!reservedPayloadFields.some((field) => Object.hasOwn(fields, field)));
        const sent = JSON.stringify({ ...request, payload: { ...fields, ...payload } });
        fc.pre(!Object.hasOwn(fields, 'customSequence') && !Object.hasOwn(fields, 'multiPartMetadata'));
        const { payload: received } = parsePublishRequest(JSON.parse(sent) as Record<string, unknown>);
        expect(JSON.stringify(received)).toBe(JSON.stringify((JSON.parse(sent) as typeof request).payload));
      }),
    );
  });

  test('any JSON is either accepted or refused with a reason', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('targetChannel', 'payload', 'messageType'), fc.jsonValue()), (body) => {
        expect(refusal(body)).toMatch(/^(accepted$|Missing |Invalid |Reserved )/);
      }),
    );
  });
});

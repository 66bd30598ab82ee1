import { topicDeduplicationId, topicGroupId } from '../../functions/domain/publishing/topic-ids.ts';
import { envelope } from './support/events.ts';

/** What SNS takes for both: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const allowed = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

describe('the group', () => {
  const inChat = (chatId: string, more: object = {}) => envelope({ payload: { chatId }, ...more });

  test('is one SNS takes, whatever the sender calls it', () => {
    expect(topicGroupId(inChat('chat-1', { messageGroupId: 'räum 7\n'.repeat(100) }))).toMatch(allowed);
  });

  test('is a group within its chat: another chat cannot name it', () => {
    const room = { messageGroupId: 'room' };
    expect(topicGroupId(inChat('chat-1', room))).toBe(topicGroupId(inChat('chat-1', room)));
    expect(topicGroupId(inChat('chat-1', room))).not.toBe(topicGroupId(inChat('chat-2', room)));
    expect(topicGroupId(inChat('chat-2', { messageGroupId: 'chat-1' }))).not.toBe(
      topicGroupId(inChat('chat-1', { messageGroupId: 'chat-1' })),
    );
    expect(topicGroupId(inChat('a', { messageGroupId: 'bc' }))).not.toBe(
      topicGroupId(inChat('ab', { messageGroupId: 'c' })),
    );
  });

  test('is the chat’s own for standard messages, whoever sends them', () => {
    const standard = { messageType: 'standard' as const };
    const own = topicGroupId(inChat('chat-1', { ...standard, senderId: 'ada' }));
    expect(topicGroupId(inChat('chat-1', { ...standard, senderId: 'bob' }))).toBe(own);
    expect(topicGroupId(inChat('chat-2', standard))).not.toBe(own);
    expect(own).toMatch(allowed);
  });

  test('is the chat’s own for numbered messages, whatever group they name', () => {
    const numbered = { generateSequence: true as const };
    const own = topicGroupId(inChat('chat-1', { messageGroupId: 'chat-1' }));
    expect(topicGroupId(inChat('chat-1', { ...numbered, messageGroupId: 'room' }))).toBe(own);
    expect(topicGroupId(inChat('chat-1', { ...numbered, messageGroupId: 'other' }))).toBe(own);
  });
});

describe('the deduplication id', () => {
  const given = (said: object) => topicDeduplicationId(envelope(said), true);
  const content = (said: object) => topicDeduplicationId(envelope(said), false);
  const messageId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

  test('is one SNS takes', () => {
    expect(given({ senderId: 'ä' })).toMatch(allowed);
  });

  test('of an id that the sender gave: the same for the id, whatever it says', () => {
    expect(given({ messageId })).toBe(given({ messageId, payload: { content: 'other' } }));
    expect(given({ messageId })).not.toBe(given({}));
    expect(given({ messageId })).not.toBe(given({ messageId, senderId: 'bob' }));
    expect(given({ messageId })).not.toBe(given({ messageId, targetChannel: 'Email' }));
    expect(given({ messageId })).not.toBe(given({ messageId, payload: { chatId: 'chat-2' } }));
  });

  test('of content: the same for the content, whatever its id and time', () => {
    expect(content({ publishTimestamp: '2026-01-01T00:00:00.000Z' })).toBe(
      content({ publishTimestamp: '2026-01-01T00:00:01.000Z' }),
    );
    expect(content({})).not.toBe(content({ payload: { content: 'other' } }));
    expect(content({})).not.toBe(content({ senderId: 'bob' }));
    expect(content({})).not.toBe(content({ targetChannel: 'Email' }));
    expect(content({})).not.toBe(content({ payload: { chatId: 'chat-2' } }));
  });
});

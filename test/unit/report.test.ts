import './support/quiet.ts';
import { ulid } from 'ulid';
import { reportedLatency } from '../../functions/domain/reporting/reported-latency.ts';
import { handler } from '../../functions/report/handler.ts';
import { answerOf } from './support/answer.ts';

const now = Date.parse('2026-01-01T12:00:00.000Z');
const minute = 60_000;

function at(time: number): string {
  return new Date(time).toISOString();
}

/** A message sent `sentMs` before now, received `receivedMs` before now. */
function latency(sentMs: number, receivedMs: number): number {
  return reportedLatency({ messageId: ulid(now - sentMs), receivedAt: at(now - receivedMs) }, now);
}

describe('what a reporter says', () => {
  test.each([
    ['a moment later', 400, 100, 300],
    ['at once', 100, 100, 0],
    ['by a clock that is a little behind the sender’s', 100, 1_000, 0],
    ['by a clock that is a little ahead of ours', 100, -1_000, 1_100],
    ['ten minutes late', 10 * minute, 0, 10 * minute],
    ['a while ago', 10 * minute, 10 * minute, 0],
  ])('is taken when it can have happened: %s', (_what, sentMs, receivedMs, expected) => {
    expect(latency(sentMs, receivedMs)).toBe(expected);
  });

  test.each([
    ['it lies in the future', 100, -1_001],
    ['the message is younger than its arrival', 0, 1_001],
    ['it was long ago', 11 * minute, 10 * minute + 1],
    ['the message took too long', 10 * minute + 1, 0],
    ['the message is of yesterday', 24 * 60 * minute, 0],
    ['the message is of tomorrow', -24 * 60 * minute, 0],
  ])('is refused when it cannot, or tells nothing of now: %s', (_what, sentMs, receivedMs) => {
    expect(() => latency(sentMs, receivedMs)).toThrow(/^Invalid receivedAt: expected /);
  });
});

describe('the report function', () => {
  const person = { userId: 'ada', connectionId: 'connection-1' };
  const messageId = ulid();
  const receivedAt = at(Date.now());

  test('takes a report, without a call to AWS', async () => {
    expect(await answerOf(handler, person, { action: 'report', messageId, receivedAt })).toEqual({});
  });

  test.each([
    ['no message', { receivedAt }, 'Missing required parameter: messageId is required.'],
    ['no time', { messageId }, 'Missing required parameter: receivedAt is required.'],
    [
      'a message of another kind',
      { messageId: 'message-1', receivedAt },
      'Invalid messageId: expected a ULID of 26 upper-case characters, got "message-1".',
    ],
    [
      'a number for a time',
      { messageId, receivedAt: 1_767_225_600_000 },
      'Invalid receivedAt: expected a time such as 2026-01-01T00:00:00.000Z, got 1767225600000.',
    ],
    [
      'a day that is none',
      { messageId, receivedAt: '2026-13-01T00:00:00.000Z' },
      'Invalid receivedAt: expected a time such as 2026-01-01T00:00:00.000Z, got "2026-13-01T00:00:00.000Z".',
    ],
    [
      'a time without its zone',
      { messageId, receivedAt: '2026-01-01T00:00:00' },
      'Invalid receivedAt: expected a time such as 2026-01-01T00:00:00.000Z, got "2026-01-01T00:00:00".',
    ],
  ])('refuses %s', async (_what, report, error) => {
    expect(await answerOf(handler, person, { action: 'report', ...report })).toEqual({
      type: 'error',
      error,
      statusCode: 400,
    });
  });

  test('is asked by those who are known', async () => {
    expect(await answerOf(handler, { userId: '' }, { action: 'report', messageId, receivedAt })).toMatchObject({
      statusCode: 401,
    });
  });

  test('answers no other action', async () => {
    expect(await answerOf(handler, person, { action: 'ping' })).toMatchObject({ statusCode: 400 });
  });
});

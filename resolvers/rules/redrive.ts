import { deadLetterQueues, isRedrivable, type LetterFilter, type Selection } from './dead-letters.ts';
import { problemOfId } from './ids.ts';
import { isUlid } from './ulid.ts';

/** `redrive` sends letters to their source queue again, `discard` gives them up; both only mark the letters, which stay for a while. */
export type RedriveMode = 'redrive' | 'discard';

/** What a redrive may ask for at most. */
const redriveLimits = {
  messages: 1000000,
  messagesPerSecond: 100,
  reasonCharacters: 500,
  filterCharacters: 256,
  messageIds: 100,
};

/** What is wrong with the name of a dead-letter queue, or null. */
export function problemOfQueue(queue: string): string | null {
  if (deadLetterQueues.indexOf(queue) >= 0) return null;
  return `Invalid queue: expected one of ${deadLetterQueues.join(', ')}, got ${shown(queue)}`;
}

/** What is wrong with doing this to letters of this queue, or null. */
export function problemOfMode(queue: string, mode: RedriveMode): string | null {
  if (mode === 'discard' || isRedrivable(queue)) return null;
  return `Invalid mode: expected discard for ${queue}, whose letters name stream records and cannot be sent again, got redrive`;
}

/** What is wrong with the limits of a redrive, or null. Absent ones are no limits. */
export function problemOfPace(maxMessages: number | undefined, maxPerSecond: number | undefined): string | null {
  return (
    problemOfCount('maxMessages', maxMessages, redriveLimits.messages) ??
    problemOfCount('maxPerSecond', maxPerSecond, redriveLimits.messagesPerSecond)
  );
}

/** What is wrong with the reason somebody gives for what they do, or null. It goes into the audit, for people to read. */
export function problemOfReason(reason: string): string | null {
  if (reason.trim() === '') return `Invalid reason: expected why, in words, got ${shown(reason)}`;
  return problemOfLength('reason', reason, redriveLimits.reasonCharacters);
}

/** What is wrong with the id of a redrive, or null. */
export function problemOfRedriveId(redriveId: string): string | null {
  return isUlid(redriveId) ? null : `Invalid redriveId: expected a ULID, in upper case, got ${shown(redriveId)}`;
}

/** What is wrong with a filter, or null. */
export function problemOfFilter(
  filter: LetterFilter,
  times: Pick<Selection, 'sentAfter' | 'sentBefore'>,
): string | null {
  return (
    problemOfGivenId('filter.chatId', filter.chatId) ??
    problemOfGivenId('filter.senderId', filter.senderId) ??
    problemOfText('filter.eventType', filter.eventType) ??
    problemOfText('filter.reason', filter.reason) ??
    problemOfMessageIds(filter.messageIds) ??
    problemOfTimes(filter, times)
  );
}

function problemOfCount(name: string, count: number | undefined, most: number): string | null {
  if (count === undefined || (count >= 1 && count <= most && Math.floor(count) === count)) return null;
  return `Invalid ${name}: expected a whole number from 1 to ${most}, got ${count}`;
}

function problemOfGivenId(name: string, id: string | undefined): string | null {
  if (id === undefined) return null;
  const problem = problemOfId(name, id);
  return problem === null ? null : `${problem}, got ${shown(id)}`;
}

function problemOfText(name: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text === '') return `Invalid ${name}: expected 1 to ${redriveLimits.filterCharacters} characters, got none`;
  return problemOfLength(name, text, redriveLimits.filterCharacters);
}

function problemOfLength(name: string, text: string, most: number): string | null {
  return text.length <= most ? null : `Invalid ${name}: expected at most ${most} characters, got ${text.length}`;
}

function problemOfMessageIds(messageIds: string[] | undefined): string | null {
  if (messageIds === undefined) return null;
  if (messageIds.length < 1 || messageIds.length > redriveLimits.messageIds) {
    return `Invalid filter.messageIds: expected 1 to ${redriveLimits.messageIds}, got ${messageIds.length}`;
  }
  const wrong = messageIds.findIndex((messageId) => !isUlid(messageId));
  if (wrong < 0) return null;
  return `Invalid filter.messageIds[${wrong}]: expected a ULID, in upper case, got ${shown(messageIds[wrong] as string)}`;
}

/** A time that the runtime could not read is NaN, for which every comparison is false. */
function problemOfTimes(filter: LetterFilter, times: Pick<Selection, 'sentAfter' | 'sentBefore'>): string | null {
  const { sentAfter, sentBefore } = times;
  if (sentAfter !== undefined && !(sentAfter >= 0)) return problemOfTime('sentAfter', filter.sentAfter);
  if (sentBefore !== undefined && !(sentBefore >= 0)) return problemOfTime('sentBefore', filter.sentBefore);
  if (sentAfter === undefined || sentBefore === undefined || sentAfter < sentBefore) return null;
  return `Invalid filter.sentBefore: expected a time after sentAfter, ${filter.sentAfter}, got ${filter.sentBefore}`;
}

function problemOfTime(name: string, time: string | undefined): string {
  return `Invalid filter.${name}: expected a time since 1970 such as 2026-01-31T03:00:00Z, got ${shown(time ?? '')}`;
}

/** What somebody wrote, in quotes, so that blanks show, and no longer than helps. */
function shown(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}..`);
}

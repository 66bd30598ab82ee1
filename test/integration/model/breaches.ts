import type { Message } from '../../../client/index.ts';
import type { Row } from '../../setup/outside.ts';
import type { Listener } from './listener.ts';

/** A message that somebody sent, as far as what must become of it goes. */
export type Said = {
  messageId: string;
  senderId: string;
  content: unknown;
  numbered: boolean;
  /** The service took it over. Otherwise nobody knows: it may be in history, or not. */
  accepted: boolean;
  /** Sent by one client, one after another, and delivered by nothing but the service: these keep their order. */
  inTurn: boolean;
};

export type Outcome = {
  said: readonly Said[];
  /** The Messages table. */
  rows: readonly Row[];
  /** The chat's head. */
  head: number;
  /** Ids by Query.messages, and by Query.messagesBySequence. */
  queried: { all: readonly string[]; numbered: readonly string[] };
  /** All that ever were given up, those redriven since included. */
  deadLetters: ReadonlySet<string>;
  /** Of them those that wait for an operator. */
  waiting: ReadonlySet<string>;
  listeners: readonly Listener[];
  /** A reader who came last and asked for all numbers from the first. */
  latecomer: Listener;
};

/** What is not, or not yet, as it must be when all work is done; nothing when all is well. */
export function breachesOf(outcome: Outcome): string[] {
  const { listeners, latecomer } = outcome;
  return [
    ...breachesOfHistory(outcome),
    ...breachesOfQueries(outcome),
    ...listeners.flatMap((listener) => breachesOfView(listener, outcome)),
    ...differences('who came last', numberedOf(latecomer.lives.flat()), numberedNames(outcome)),
    ...[...listeners, latecomer].flatMap(({ surprises }) => surprises),
  ];
}

function breachesOfHistory({ said, rows, head, deadLetters, waiting }: Outcome): string[] {
  const breaches: string[] = [];
  const numbers = rows.flatMap(({ sequence }) => (sequence === undefined ? [] : [Number(sequence)]));
  const expected = numbers.map((_number, index) => index + 1);
  if (numbers.join() !== expected.join()) breaches.push(`numbers in history are ${numbers.join(' ')}`);
  if (head !== numbers.length) breaches.push(`the head is ${head} with ${numbers.length} numbers in history`);

  const byId = new Map(rows.map((row) => [String(row['messageId']), row]));
  for (const { messageId, senderId, content, numbered, accepted } of said) {
    const row = byId.get(messageId);
    byId.delete(messageId);
    if (row === undefined) {
      if (accepted && !waiting.has(messageId)) breaches.push(`${messageId} was accepted and is nowhere`);
      continue;
    }
    const held = JSON.parse(String(row['payload'])) as { content: unknown };
    const same = row['senderId'] === senderId && JSON.stringify(held.content) === JSON.stringify(content);
    if (!same) breaches.push(`${messageId} is in history as ${JSON.stringify(row)}`);
    if ((row['sequence'] !== undefined) !== numbered) breaches.push(`${messageId} has number ${row['sequence']}`);
  }
  for (const [id, { eventType }] of byId) {
    if (!String(eventType).startsWith('multipart.')) breaches.push(`${id} is in history and nobody sent it`);
  }
  return [...breaches, ...breachesOfTurns(said, rows, deadLetters)];
}

/** What one client sent with numbers, one after another, has ascending numbers. */
function breachesOfTurns(said: readonly Said[], rows: readonly Row[], deadLetters: ReadonlySet<string>): string[] {
  const numberOf = new Map(rows.map(({ messageId, sequence }) => [messageId, Number(sequence)]));
  const last = new Map<string, number>();
  return said.flatMap(({ messageId, senderId, numbered, inTurn }) => {
    const number = numberOf.get(messageId);
    if (!numbered || !inTurn || number === undefined || deadLetters.has(messageId)) return [];
    const before = last.get(senderId) ?? 0;
    last.set(senderId, number);
    return number > before ? [] : [`number ${number} of ${senderId} was sent after its number ${before}`];
  });
}

function breachesOfQueries({ rows, queried }: Outcome): string[] {
  const ids = rows.map(({ messageId }) => String(messageId));
  const numbered = rows.filter(({ sequence }) => sequence !== undefined).map(({ messageId }) => String(messageId));
  return [
    ...differences('Query.messages', [...queried.all].sort(), ids.sort()),
    ...differences('Query.messagesBySequence', queried.numbered, numbered),
  ];
}

/** The numbered in order, each once; the others each once, in any order. */
function breachesOfView(listener: Listener, outcome: Outcome): string[] {
  const { username, lives } = listener;
  const { rows, waiting } = outcome;
  const view = withoutResumed(lives);
  const others = view.filter(({ sequence }) => sequence === undefined).map(nameOf);
  // Given up after it was committed: in history, and not delivered before an operator redrives it.
  const undelivered = (name: string): boolean => waiting.has(name) && !others.includes(name);
  const expected = rows.filter(({ sequence }) => sequence === undefined).map((row) => nameOf(row as Message));
  return [
    ...differences(username, numberedOf(view), numberedNames(outcome)),
    ...differences(`${username}, unnumbered,`, others.sort(), expected.filter((name) => !undelivered(name)).sort()),
  ];
}

/** After a restart the unnumbered messages of the last minute come again: an app drops those it has. */
function withoutResumed(lives: Message[][]): Message[] {
  const earlier = new Set<string>();
  return lives.flatMap((life) => {
    const fresh = life.filter(({ sequence, messageId }) => sequence !== undefined || !earlier.has(messageId));
    for (const { messageId } of fresh) earlier.add(messageId);
    return fresh;
  });
}

function numberedNames({ rows }: Outcome): string[] {
  return numberedOf(rows as Message[]);
}

function numberedOf(messages: Message[]): string[] {
  return messages.filter(({ sequence }) => sequence !== undefined).map(nameOf);
}

function nameOf({ sequence, messageId }: Pick<Message, 'sequence' | 'messageId'>): string {
  return sequence === undefined ? messageId : `${sequence}:${messageId}`;
}

function differences(who: string, has: readonly string[], should: readonly string[]): string[] {
  if (has.join() === should.join()) return [];
  const lacks = should.filter((name) => !has.includes(name));
  const beyond = has.filter((name, index) => !should.includes(name) || has.indexOf(name) !== index);
  if (lacks.length + beyond.length === 0) return [`${who} has them in the order ${has.join(' ')}`];
  return [`${who} lacks [${lacks.join(' ')}] and has beyond [${beyond.join(' ')}]`];
}

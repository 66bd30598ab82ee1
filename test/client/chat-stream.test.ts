import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChatStream } from '../../client/chat-stream.ts';
import type { Message } from '../../client/protocol.ts';

function message(sequence?: number, messageId = `id-${sequence}`): Message {
  const numbered = sequence === undefined ? {} : { sequence };
  return { chatId: 'c', eventType: 'chat', content: '', messageId, senderId: 's', publishTimestamp: '', ...numbered };
}

function stream({ held = 1_000, remembered = 1_000, last = 0 as number | undefined } = {}): {
  stream: ChatStream;
  delivered: (number | string)[];
} {
  const delivered: (number | string)[] = [];
  const deliver = (one: Message): void => void delivered.push(one.sequence ?? one.messageId);
  return { stream: new ChatStream(deliver, { held, remembered }, last), delivered };
}

const oneTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

describe('numbered messages', () => {
  test('any loss, repeat and order, followed by replay of what is missing, gives 1..n once and in order', () => {
    const arrivals = fc
      .integer({ min: 1, max: 60 })
      .chain((n) => fc.tuple(fc.constant(n), fc.array(fc.integer({ min: 1, max: n }), { maxLength: 150 })));
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        ([n, live], held, page) => {
          const { stream: chat, delivered } = stream({ held });
          for (const sequence of live) chat.accept(message(sequence));
          chat.hear(n);
          for (let gap; (gap = chat.missing());) {
            // A page of the replay, and a stray repeat in between.
            for (let at = gap.from; at <= Math.min(gap.to, gap.from + page - 1); at++) chat.accept(message(at));
            chat.accept(message(gap.from));
          }
          expect(delivered).toEqual(oneTo(n));
        },
      ),
    );
  });

  test('what is held never outgrows its bound; what came too early for it is missing', () => {
    const { stream: chat, delivered } = stream({ held: 10 });
    for (let sequence = 2; sequence <= 100; sequence++) chat.accept(message(sequence));
    chat.accept(message(1));
    expect(delivered).toEqual(oneTo(11));
    expect(chat.missing()).toEqual({ from: 12, to: 100 });
  });

  test('one that comes early waits for its predecessors', () => {
    const { stream: chat, delivered } = stream();
    for (const sequence of [1, 3, 4]) chat.accept(message(sequence));
    expect(delivered).toEqual([1]);
    expect(chat.missing()).toEqual({ from: 2, to: 2 });
    chat.accept(message(2));
    expect(delivered).toEqual([1, 2, 3, 4]);
    expect(chat.missing()).toBeUndefined();
  });

  test('a head beyond the last message is a gap', () => {
    const { stream: chat } = stream({ last: 7 });
    chat.hear(9);
    expect(chat.missing()).toEqual({ from: 8, to: 9 });
  });

  test('without a start they wait for one, and those up to it are dropped', () => {
    const { stream: chat, delivered } = stream({ last: undefined });
    for (const sequence of [6, 5, 4]) chat.accept(message(sequence));
    expect(delivered).toEqual([]);
    chat.begin(4);
    expect(delivered).toEqual([5, 6]);
  });

  test('giving up on a range delivers what of it is here, and names the rest', () => {
    const { stream: chat, delivered } = stream();
    for (const sequence of [3, 5, 8]) chat.accept(message(sequence));
    expect(chat.skipTo(6)).toEqual({ from: 1, to: 4 });
    expect(delivered).toEqual([3, 5]);
    expect(chat.missing()).toEqual({ from: 6, to: 7 });
  });

  test('giving up on what is not missing loses nothing', () => {
    const { stream: chat, delivered } = stream({ last: 10 });
    chat.accept(message(11));
    expect(chat.skipTo(5)).toBeUndefined();
    expect(chat.skipTo(50)).toBeUndefined();
    chat.accept(message(12));
    expect(delivered).toEqual([11, 12]);
  });

  test('numbered anew, the chat goes on after its new head', () => {
    const { stream: chat, delivered } = stream({ last: 100 });
    chat.accept(message(102));
    chat.restart(3);
    chat.accept(message(4));
    expect(delivered).toEqual([4]);
    expect(chat.missing()).toBeUndefined();
  });
});

describe('messages without a number', () => {
  test('leave as they come, each id once', () => {
    const { stream: chat, delivered } = stream();
    for (const id of ['b', 'a', 'b', 'c', 'a']) chat.accept(message(undefined, id));
    expect(delivered).toEqual(['b', 'a', 'c']);
  });

  test('do not wait for numbered ones', () => {
    const { stream: chat, delivered } = stream();
    chat.accept(message(2));
    chat.accept(message(undefined, 'a'));
    expect(delivered).toEqual(['a']);
  });

  test('are remembered up to a bound, the latest', () => {
    const { stream: chat, delivered } = stream({ remembered: 2 });
    for (const id of ['a', 'b', 'c', 'c', 'b', 'a']) chat.accept(message(undefined, id));
    expect(delivered).toEqual(['a', 'b', 'c', 'a']);
  });
});

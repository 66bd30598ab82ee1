import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Client, SubscribeOptions, Subscription } from '../../client/index.ts';
import { ulidTime } from '../../client/ulid.ts';
import { clientOf, connected, eventsIn, type Log } from './connected.ts';
import { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let log: Log;
let end: () => Promise<void>;
let seen: (number | string)[];
beforeEach(async () => {
  ({ service, client, log, end } = await connected());
  seen = [];
});
afterEach(() => end());

async function subscribed(options: SubscribeOptions = {}): Promise<Subscription> {
  const subscription = client.subscribe(
    'chat-1',
    ({ sequence, messageId }) => seen.push(sequence ?? messageId),
    options,
  );
  await subscription.ready;
  return subscription;
}

const delivered = (count: number): Promise<boolean> => until(`${count} are delivered`, () => seen.length >= count);

test('after a lost connection, delivery goes on from the last number', async () => {
  await subscribed({ sequencedOnly: true });
  service.publish('chat-1');
  await delivered(1);
  service.cut();
  service.commit('chat-1');
  service.commit('chat-1');
  await delivered(3);
  expect(seen).toEqual([1, 2, 3]);
  expect(await service.heard('replay')).toMatchObject({ fromSequence: 2, toSequence: 3 });
  expect(eventsIn(log, 'truncated')).toEqual([]);
});

test('unnumbered messages are resumed by id, a minute further back, without repeats', async () => {
  await subscribed();
  const before = service.publish('chat-1', { sequenced: false });
  await until('it is there', () => seen.length === 1);
  service.clock.advance(30_000);
  service.cut();
  // Committed late: its id is older than what came before the cut.
  const late = service.commit('chat-1', { sequenced: false, at: service.now() - 40_000 });
  const after = service.commit('chat-1', { sequenced: false });
  await delivered(3);
  expect(seen).toEqual([before.messageId, late.messageId, after.messageId]);
  const { afterMessageId } = await service.heard('replay');
  expect(ulidTime(String(afterMessageId))).toBe(service.now() - 90_000);
});

test('the replay by id goes through all its pages', async () => {
  await subscribed();
  service.pageSize = 2;
  service.cut();
  const sent = Array.from({ length: 7 }, () => service.commit('chat-1', { sequenced: false }).messageId);
  await delivered(7);
  expect(seen).toEqual(sent);
});

test('a connection lost again before the replay is done loses nothing', async () => {
  await subscribed();
  service.publish('chat-1', { sequenced: false });
  await delivered(1);
  service.intercept('replay', () => void service.cut(), 2);
  service.cut();
  service.commit('chat-1', { sequenced: false });
  service.commit('chat-1');
  await delivered(3);
  expect(service.links.length).toBeGreaterThanOrEqual(4);
});

test('a subscription lost while its replay is under way: what falls between is replayed, too', async () => {
  await subscribed();
  let answer = (): void => {};
  service.intercept(
    'replay',
    async (_, usual) => {
      const reply = usual();
      await new Promise<void>((resolve) => (answer = resolve));
      return reply;
    },
    1,
  );
  service.cut();
  await service.heard('replay');
  service.open.forEach(({ chats }) => chats.clear());
  const missed = service.commit('chat-1', { sequenced: false });
  client.wake();
  await service.heard('subscribe', 3);
  answer();
  await delivered(1);
  expect(seen).toEqual([missed.messageId]);
});

test('what is unsure stays so until a replay has succeeded, however long that takes', async () => {
  await subscribed();
  let silent = true;
  service.intercept('replay', (_, usual) => (silent ? undefined : usual()));
  service.cut();
  const missed = service.commit('chat-1', { sequenced: false });
  await service.heard('replay');
  await service.pass(10 * 60_000);
  silent = false;
  service.cut();
  await delivered(1);
  expect(seen).toEqual([missed.messageId]);
});

test('every heartbeat moves forward the time from which messages may be missing', async () => {
  await subscribed();
  await service.pass(10 * 60_000);
  service.cut();
  const { afterMessageId } = await service.heard('replay');
  expect(ulidTime(String(afterMessageId))).toBeGreaterThanOrEqual(service.now() - 120_000);
});

test('from a number: everything after it, then what comes', async () => {
  for (let count = 0; count < 5; count++) service.commit('chat-1');
  await subscribed({ from: 2 });
  await delivered(3);
  service.publish('chat-1');
  await delivered(4);
  expect(seen).toEqual([3, 4, 5, 6]);
});

test('from 0: all of history', async () => {
  for (let count = 0; count < 3; count++) service.commit('chat-1');
  await subscribed({ from: 0 });
  await delivered(3);
  expect(seen).toEqual([1, 2, 3]);
});

test('from a message id: everything after it, numbered or not', async () => {
  service.commit('chat-1');
  service.clock.advance(120_000);
  const last = service.commit('chat-1');
  service.clock.advance(120_000);
  service.pageSize = 1;
  const plain = service.commit('chat-1', { sequenced: false });
  service.commit('chat-1');
  await subscribed({ from: { messageId: last.messageId } });
  service.publish('chat-1');
  await delivered(4);
  // The minute before the id comes with it, so its own message does, too.
  expect(new Set(seen)).toEqual(new Set([2, plain.messageId, 3, 4]));
  expect(seen.filter((one) => typeof one === 'number')).toEqual([2, 3, 4]);
});

test('from the position of an earlier subscription: numbered messages exactly, others at least once', async () => {
  const first = await subscribed();
  service.publish('chat-1');
  service.publish('chat-1', { sequenced: false });
  await delivered(2);
  const { position } = first;
  first.unsubscribe();
  const plain = service.commit('chat-1', { sequenced: false });
  service.commit('chat-1');
  seen = [];
  await subscribed({ from: JSON.parse(JSON.stringify(position)) as typeof position });
  await until('the new ones are there', () => seen.includes(plain.messageId) && seen.includes(2));
  expect(seen).not.toContain(1);
});

test('a position saved while a replay has yet to bring what was missed is from before the loss', async () => {
  const first = await subscribed();
  let silent = true;
  service.intercept('replay', (_, usual) => (silent ? undefined : usual()));
  service.cut();
  const missed = service.commit('chat-1', { sequenced: false });
  await service.heard('replay');
  await service.pass(10 * 60_000);
  const { position } = first;
  first.unsubscribe();
  silent = false;
  await subscribed({ from: position });
  await delivered(1);
  expect(seen).toEqual([missed.messageId]);
});

test('a position saved before the service has subscribed us is the one we started from', async () => {
  const { position } = await subscribed();
  await client.close();
  const restarted = client.subscribe('chat-1', () => {}, { from: position });
  expect(position.messageId).toBeDefined();
  expect(restarted.position).toEqual(position);
  restarted.unsubscribe();
  await expect(restarted.ready).rejects.toThrow();
});

test('a history longer than the reader keeps up with waits for it', async () => {
  for (let count = 0; count < 3_000; count++) service.commit('chat-1');
  const subscription = client.subscribe('chat-1', {}, { from: 0 });
  await until('replay has begun', () => service.of('replay').length >= 10);
  let read = 0;
  for await (const { sequence } of subscription) {
    expect(sequence).toBe(++read);
    if (read === 1) expect(service.of('replay').length).toBeLessThan(15);
    if (read === 3_000) break;
  }
});

test('whatever is lost, repeated, reordered or cut, every message is delivered once and in order', async () => {
  const step = fc.constantFrom('deliver', 'lose', 'repeat', 'swap', 'cut', 'forget');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const far = await ServiceDouble.start();
      const { client: near } = clientOf(far);
      await near.connect();
      const got: number[] = [];
      await near.subscribe('chat-1', ({ sequence = 0 }) => got.push(sequence)).ready;
      for (const what of steps) {
        const message = far.commit('chat-1');
        if (what === 'deliver' || what === 'repeat') far.post(message);
        if (what === 'repeat') far.post(message);
        if (what === 'swap') {
          far.publish('chat-1');
          far.post(message);
        }
        if (what === 'cut') far.cut();
        if (what === 'forget') far.open.forEach(({ chats }) => chats.clear());
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { head } = far.chat('chat-1');
      await until('everything is delivered', () => {
        if (near.state === 'connected') near.wake();
        return got.length >= head;
      });
      expect(got).toEqual(Array.from({ length: head }, (_, index) => index + 1));
      await near.close();
      await far.stop();
    }),
    { numRuns: 30 },
  );
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client, Message } from '../../client/index.ts';
import { reportReceipts, type ReportOptions } from '../../client/report/index.ts';
import { connected } from './connected.ts';
import type { ServiceDouble } from './service-double.ts';
import { until } from '../setup/until.ts';

let service: ServiceDouble;
let client: Client;
let end: () => Promise<void>;
const received: Message[] = [];
beforeEach(async () => {
  received.length = 0;
  ({ service, client, end } = await connected({ heartbeatMs: 3_600_000 }));
  await client.subscribe('chat-1', (message) => received.push(message)).ready;
  service.clock.advance(1);
});
afterEach(() => end());

/** What was reported when all messages so far have come: a report leaves with its message, so a ping after it comes last. */
async function reported(messages: number): Promise<unknown[]> {
  await until('the messages', () => received.length === messages);
  const pings = service.of('ping').length;
  client.wake();
  await service.heard('ping', pings + 1);
  return service.of('report').map(({ messageId, receivedAt }) => [messageId, receivedAt]);
}

function report(options: ReportOptions = {}): () => void {
  return reportReceipts(client, { sample: 1, ...options });
}

const iso = (time: number): string => new Date(time).toISOString();

test('a message is reported with its id and the time, and without what it says or an ackId', async () => {
  report();
  const { messageId } = service.publish('chat-1', { sequenced: true });
  expect(await reported(1)).toEqual([[messageId, iso(service.now())]]);
  // The double adds the link it came over.
  expect(Object.keys(service.of('report')[0] ?? {}).sort()).toEqual(['action', 'link', 'messageId', 'receivedAt']);
});

test('the time is the service’s, however wrong this machine’s clock is', async () => {
  service.aheadMs = 3_600_000;
  const pings = service.of('ping').length;
  client.wake();
  await service.heard('ping', pings + 1);
  await until('its clock is known', () => Math.abs(client.serverTime() - service.now()) <= 1);
  report();
  const { messageId } = service.publish('chat-1');
  expect(await reported(1)).toEqual([[messageId, iso(service.now())]]);
});

test('a message of the own channel is reported, too', async () => {
  report();
  client.on('message', (message) => received.push(message));
  const [link] = service.open;
  if (link) service.tell(link, service.commit('own-channel', { sequenced: false }));
  expect(await reported(1)).toHaveLength(1);
});

test('of all messages a sample is reported: one in a hundred unless asked otherwise', async () => {
  const numbers = [0.5, 0.011, 0.009, 0.01];
  reportReceipts(client, { random: () => numbers.shift() ?? 1 });
  const messages = [1, 2, 3, 4].map(() => service.publish('chat-1'));
  expect(await reported(4)).toEqual([[messages[2]?.messageId, iso(service.now())]]);
});

test('nothing is told of messages that came out of history', async () => {
  report();
  const loss = new Promise((resolve) => client.on('state', resolve));
  service.cut();
  await loss;
  service.commit('chat-1');
  service.clock.advance(1);
  await until('it is back', () => client.state === 'connected');
  await until('what was missed', () => received.length === 1);
  service.clock.advance(1);
  const live = service.publish('chat-1');
  // The clock's estimate may be a millisecond off since time passed while it came back.
  expect(await reported(2)).toEqual([[live.messageId, expect.any(String)]]);
});

test('nothing is told of messages that are too old to have come live', async () => {
  report({ latestMs: 1_000 });
  const [slow, old] = [service.commit('chat-1'), service.commit('chat-1')];
  service.clock.advance(1_000);
  service.post(slow);
  await until('the slow one', () => received.length === 1);
  service.clock.advance(1);
  service.post(old);
  expect(await reported(2)).toEqual([[slow.messageId, iso(service.now() - 1)]]);
});

test('it ends when it is told to, and with the client', async () => {
  const stop = report();
  stop();
  service.publish('chat-1');
  expect(await reported(1)).toEqual([]);
  report();
  await client.close();
  client.tell({ action: 'report' });
  expect(service.of('report')).toEqual([]);
});

import {
  metricCatalogue,
  metricNamespace,
  type MetricDefinition,
} from '../../../functions/platform/metric-catalogue.ts';
import { envelopeOf } from '../../setup/outside.ts';
import { personNamed, signIn } from '../../setup/sign-in.ts';
import { ConnectionRefused, type TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Sender, type WayIn, waysIn } from '../contract/ways-in.ts';
import { Queues } from '../model/queues.ts';
import { PartGroup, publishAll } from '../multipart/part-group.ts';
import { Operator } from '../redrive/operator.ts';
import { type Datum, FunctionLog, tally } from './function-log.ts';

type Tally = Record<string, number>;

const catalogue: Record<string, MetricDefinition> = metricCatalogue;
const chat = 'measured';
const secret = 'nobody but the members may read this';
/** How long what was done may take to be measured, on a machine that does much else. */
const patienceMs = 40_000;

const publisherOf = { socket: 'p2p-websocket-publisher', http: 'a2p-http-publisher' } as const;

const kinds = {
  standard: { messageType: 'standard' },
  fifo: { messageType: 'fifo' },
  sequenced: { messageType: 'fifo', generateSequence: true },
} as const;
type Kind = keyof typeof kinds;

const published = (way: WayIn, kind: Kind): Tally => ({
  [`${publisherOf[way]} Published ${kind}`]: 1,
  [`${publisherOf[way]} PublishLatency ${kind}`]: 1,
});

/** Messages that are new, each in a run of its own. */
const committed = (kind: Kind, messages = 1): Tally => ({
  [`message-processor Committed ${kind}`]: messages,
  [`message-processor CommitLatency ${kind}`]: messages,
  'message-processor RunLength': messages,
});

/** Messages on their first way to connections, each with a run of its own. */
const delivered = (kind: Kind, posts: number, messages = 1): Tally => ({
  [`message-processor FirstPostLatency ${kind}`]: messages,
  [`message-processor DeliveryLatency ${kind}`]: messages,
  'message-processor FanOutSize': messages,
  'message-processor Posts delivered': posts,
});

describe('what the functions measure', () => {
  let stage: Stage;
  let tables: Tables;
  let queues: Queues;
  let log: FunctionLog;
  let bob: Sender;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    queues = await Queues.open(stage.cloud.outputs);
    log = new FunctionLog(stage.cloud.dataFolder);
    await stage.outside.grant(chat, ['bob', 'carol']);
    bob = await Sender.signedIn(stage.cloud.outputs, 'bob', chat);
    await stage.open('carol', chat);
    await until('both connections to be counted', () => tally(log.metrics())['connection Connected'] === 2);
  }, 90_000);

  afterAll(async () => {
    await bob?.close();
    tables?.close();
    await queues?.close();
    await stage?.close();
  }, 60_000);

  afterEach(() => stage.edge.mend());

  /**
   * Does something, and expects it to be measured exactly so. How slow a busy machine is, and which function starts cold
   * on it, is not counted.
   *
   * @returns the values that were added.
   */
  async function measures(act: () => Promise<unknown> | undefined, expected: Tally): Promise<Datum[]> {
    const before = log.metrics().length;
    const added = (): Datum[] =>
      log
        .metrics()
        .slice(before)
        .filter(({ name }) => name !== 'ColdStart' && (name !== 'SlowMessages' || mentions(expected, name)));
    await act();
    await until('the measures', () => isSame(tally(added()), expected), patienceMs).catch(() => undefined);
    expect(tally(added())).toEqual(expected);
    return added();
  }

  /** The next time, the retry queue takes nothing of this function. */
  const refuseRetries = (role: string): Promise<unknown> =>
    stage.edge.break({
      ...{ service: 'sqs', action: 'SendMessageBatch', role, times: 1 },
      fault: { error: 'AccessDenied', statusCode: 403 },
    });
  const mentions = (expected: Tally, name: string): boolean => Object.keys(expected).some((key) => key.includes(name));
  const isSame = (one: Tally, other: Tally): boolean =>
    Object.keys({ ...one, ...other }).every((key) => one[key] === other[key]);
  const valueOf = (data: Datum[], name: string): number => data.find((datum) => datum.name === name)?.value ?? NaN;
  const userIdOf = (username: string): string => personNamed(stage.cloud.outputs, username).userId;
  const messageTo = (chatId: string, kind: Kind, more: object = {}) => ({
    ...{ targetChannel: 'WebSocket', ...kinds[kind], ...more },
    // SNS takes the same content twice within 5 minutes for one message.
    payload: { chatId, eventType: 'chat', content: `${secret}: ${stage.newMessageId()}` },
  });

  /** A message of bob's on the FIFO topic, as if it had been published some time ago. */
  async function publishLate(
    chatId: string,
    secondsAgo: number,
    more: { generateSequence?: true } = {},
  ): Promise<void> {
    const publishTimestamp = new Date(Date.now() - secondsAgo * 1000).toISOString();
    const envelope = JSON.parse(envelopeOf(userIdOf('bob'), { chatId, content: secret }, more)) as object;
    await stage.outside.publish('Fifo', [{ body: JSON.stringify({ ...envelope, publishTimestamp }), groupId: chatId }]);
  }

  describe('of a message', () => {
    const ways = waysIn.flatMap((way) => (Object.keys(kinds) as Kind[]).map((kind) => [way, kind] as const));

    test.each(ways)('over %s, %s: that it was published, committed and posted, and when', async (way, kind) => {
      const data = await measures(() => bob.ask(way, messageTo(chat, kind)), {
        ...published(way, kind),
        ...committed(kind),
        ...delivered(kind, 2),
      });
      for (const { value } of data) expect(value).toBeGreaterThanOrEqual(0);
      expect(valueOf(data, 'FirstPostLatency')).toBeGreaterThanOrEqual(valueOf(data, 'CommitLatency'));
      expect(valueOf(data, 'DeliveryLatency')).toBeGreaterThanOrEqual(valueOf(data, 'FirstPostLatency'));
      expect(valueOf(data, 'RunLength')).toBe(1);
      expect(valueOf(data, 'FanOutSize')).toBe(2);
    });

    test.each(waysIn)('over %s: that it was repeated, or is for another channel', async (way) => {
      const message = messageTo(chat, 'fifo', { messageId: stage.newMessageId() });
      await measures(() => bob.ask(way, message), {
        ...published(way, 'fifo'),
        ...committed('fifo'),
        ...delivered('fifo', 2),
      });
      await measures(() => bob.ask(way, message), { [`${publisherOf[way]} Repeated`]: 1 });
      await measures(() => bob.ask(way, messageTo(chat, 'standard', { targetChannel: 'Email' })), {
        ...published(way, 'standard'),
        [`${publisherOf[way]} Unrouted`]: 1,
      });
    });

    test('that a record came twice; the second time has no latency', async () => {
      const isOurs = ({ body }: { body: string }): boolean => body.includes('"targetChannel":"WebSocket"');
      const record = await until('a record', () => queues.publishedTo(chat).find(isOurs));
      await measures(() => queues.deliver([record]), {
        'message-processor DuplicatesAbsorbed': 1,
        'message-processor FanOutSize': 1,
        'message-processor Posts delivered': 2,
      });
    });

    test('that it was slow; one that was redriven is not', async () => {
      await measures(() => publishLate(chat, 5), {
        ...committed('fifo'),
        ...delivered('fifo', 2),
        'message-processor SlowMessages fifo': 1,
      });
      await measures(() => publishLate(chat, 3600), {
        'message-processor Committed fifo': 1,
        'message-processor RunLength': 1,
        'message-processor FanOutSize': 1,
        'message-processor Posts delivered': 2,
      });
    });

    test('how late it was, when at first nobody could be found to deliver it to', async () => {
      await stage.edge.break({
        ...{ service: 'dynamodb', action: 'Query', role: 'message-processor', times: 1 },
        fault: { error: 'AccessDeniedException', statusCode: 400 },
      });
      await measures(() => stage.publish('Fifo', chat, [secret]), {
        ...committed('fifo'),
        'message-processor DuplicatesAbsorbed': 1,
        ...delivered('fifo', 2),
      });
    });

    test('how late it was to a reader, as the reader says', async () => {
      const messageId = stage.newMessageId();
      const receivedAt = new Date(Date.now() + 40).toISOString();
      const report = { action: 'report', messageId, receivedAt };
      await measures(async () => bob.socket.send(report), { 'report ReportedLatency': 1 });
    });

    test('that its number was lost to another', async () => {
      await stage.outside.grant('contended', ['bob']);
      const send = (): Promise<unknown> => bob.ask('socket', messageTo('contended', 'sequenced'));
      const sent = {
        ...published('socket', 'sequenced'),
        ...committed('sequenced'),
        'message-processor FanOutSize': 1,
      };
      await measures(send, sent);
      await tables.set('Chats', { chatId: 'contended' }, { sequence: 7 });
      await measures(send, { ...sent, 'message-processor SequenceConflicts': 1 });
    });
  });

  describe('of a post', () => {
    const unexpected = { error: 'InternalServerError', statusCode: 500 };
    const post = (role: string, error: { error: string; statusCode: number }, times: number): Promise<unknown> =>
      stage.edge.break({ service: 'execute-api', action: 'PostToConnection', role, times, fault: error });
    const say = (chatId: string): Promise<void> => stage.publish('Fifo', chatId, [secret]);

    test('that it was throttled, and then delivered or handed to the retry queue', async () => {
      const limit = { error: 'LimitExceededException', statusCode: 429 };
      await stage.listen('carol', 'throttled');
      await post('message-processor', limit, 1);
      await measures(() => say('throttled'), {
        ...committed('fifo'),
        ...delivered('fifo', 1),
        'message-processor Posts throttled': 1,
      });
      await post('message-processor', limit, 3);
      await measures(() => say('throttled'), {
        ...committed('fifo'),
        'message-processor FanOutSize': 1,
        'message-processor Posts throttled': 3,
        'message-processor RetriedLater': 1,
        'delivery-retry RetryOutcomes delivered': 1,
        'delivery-retry Posts delivered': 1,
      });
    });

    test('that it failed, and failed again, and was delivered at last', async () => {
      await stage.listen('carol', 'failing');
      await post('message-processor', unexpected, 1);
      await post('delivery-retry', unexpected, 1);
      await measures(() => say('failing'), {
        ...committed('fifo'),
        'message-processor FanOutSize': 1,
        'message-processor Posts failed': 1,
        'message-processor RetriedLater': 1,
        'delivery-retry Posts failed': 1,
        'delivery-retry RetryOutcomes again': 1,
        'delivery-retry Posts delivered': 1,
        'delivery-retry RetryOutcomes delivered': 1,
      });
    });

    test('that it was too large, or found nobody', async () => {
      await stage.listen('carol', 'leaving');
      await stage.grownUp();
      await post('message-processor', { error: 'PayloadTooLargeException', statusCode: 413 }, 1);
      const sent = { ...committed('fifo'), 'message-processor FanOutSize': 1 };
      await measures(() => say('leaving'), { ...sent, 'message-processor Posts too-large': 1 });
      await post('message-processor', { error: 'GoneException', statusCode: 410 }, 1);
      await measures(() => say('leaving'), { ...sent, 'message-processor Posts gone': 1 });
      await measures(() => say('leaving'), sent);
    });

    test('that a connection was given up', async () => {
      await stage.listen('carol', 'given-up');
      await post('message-processor', unexpected, 1);
      await post('delivery-retry', unexpected, 5);
      await measures(() => say('given-up'), {
        ...committed('fifo'),
        'message-processor FanOutSize': 1,
        'message-processor Posts failed': 1,
        'message-processor RetriedLater': 1,
        'delivery-retry Posts failed': 5,
        'delivery-retry RetryOutcomes again': 4,
        'delivery-retry RetryOutcomes closed': 1,
        'connection Disconnected': 1,
      });
    });

    test('that a connection was closed, for not even the retry queue took its frames', async () => {
      await stage.listen('carol', 'unpromised');
      await post('message-processor', unexpected, 1);
      await refuseRetries('message-processor');
      await measures(() => say('unpromised'), {
        ...committed('fifo'),
        'message-processor FanOutSize': 1,
        'message-processor Posts failed': 1,
        'message-processor ClosedForReplay': 1,
        'connection Disconnected': 1,
      });
    });
  });

  test('of a large chat: the jobs of its slots, and its messages in each', async () => {
    await tables.put('Subscriptions', { chatId: 'large', subscriber: '!large', since: new Date().toISOString() });
    // One user's connections are in one slot.
    await stage.listen('carol', 'large');
    await stage.open('carol', 'large');
    const handed = {
      ...committed('sequenced'),
      'message-processor SlotsHanded': 64,
      'fan-out SlotsServed': 64,
      'fan-out SlotLatency': 64,
      'fan-out FanOutSize': 64,
      'fan-out FirstPostLatency sequenced': 1,
      'fan-out DeliveryLatency sequenced': 1,
    };
    const data = await measures(() => stage.publish('Fifo', 'large', [secret], { generateSequence: true }), {
      ...handed,
      'fan-out Posts delivered': 2,
    });
    expect(valueOf(data, 'DeliveryLatency')).toBeGreaterThanOrEqual(valueOf(data, 'FirstPostLatency'));
    expect(valueOf(data, 'FirstPostLatency')).toBeGreaterThanOrEqual(valueOf(data, 'CommitLatency'));

    await stage.edge.break({
      ...{ service: 'execute-api', action: 'PostToConnection', role: 'fan-out', times: 1 },
      fault: { error: 'InternalServerError', statusCode: 500 },
    });
    await measures(() => publishLate('large', 5, { generateSequence: true }), {
      ...handed,
      'fan-out SlowMessages sequenced': 1,
      'fan-out Posts delivered': 1,
      'fan-out Posts failed': 1,
      'fan-out RetriedLater': 1,
      'delivery-retry Posts delivered': 1,
      'delivery-retry RetryOutcomes delivered': 1,
    });

    await stage.edge.break({
      ...{ service: 'execute-api', action: 'PostToConnection', role: 'fan-out', times: 1 },
      fault: { error: 'InternalServerError', statusCode: 500 },
    });
    await refuseRetries('fan-out');
    await measures(() => stage.publish('Fifo', 'large', [secret], { generateSequence: true }), {
      ...handed,
      'fan-out Posts delivered': 1,
      'fan-out Posts failed': 1,
      'fan-out ClosedForReplay': 1,
      'connection Disconnected': 1,
    });
  }, 120_000);

  test('of parts: those that came, those that came in vain, and how their groups ended', async () => {
    await stage.listen('carol', 'parts');
    const group = (groupId: string): PartGroup =>
      new PartGroup({ chatId: 'parts', groupId, totalParts: 2, senderId: userIdOf('olga'), kind: 'standard' });
    const publish = (parts: ReturnType<PartGroup['records']>): Promise<void> => publishAll(stage.outside, parts);
    const part = { 'message-processor PartsCommitted': 1 };
    const complete = group('complete');
    const [first = [], second = []] = [[1], [2]].map((wanted) => complete.records((number) => wanted.includes(number)));
    await measures(() => publish(first), { ...committed('standard'), ...delivered('standard', 1), ...part });
    await measures(() => publish(second), {
      ...committed('standard', 2),
      ...delivered('standard', 2, 2),
      ...part,
      'message-processor GroupsEnded completed': 1,
    });
    // Its sender is told in her own channel, where nobody listens.
    await measures(() => publish([complete.record(1, stage.newMessageId())]), {
      ...committed('standard'),
      'message-processor FanOutSize': 1,
      'message-processor PartsRefused closed': 1,
      'message-processor DeadLettersSent commit': 1,
      'dead-letter-recorder DeadLettersDiscarded': 1,
    });
    await measures(() => publish(group('incomplete').records((number) => number === 1)), {
      ...committed('standard', 2),
      ...delivered('standard', 2, 2),
      ...part,
      'message-processor GroupsEnded incomplete': 1,
    });
  }, 60_000);

  test('of dead letters: where they failed, that they are recorded, and what redrives do with them', async () => {
    const operator = new Operator(stage.cloud.outputs);
    await measures(() => stage.outside.publish('Standard', [{ body: secret, groupId: '' }]), {
      'message-processor DeadLettersSent parse': 1,
      'dead-letter-recorder DeadLettersRecorded standard': 1,
    });
    await measures(() => operator.carryOut({ queue: 'standard', mode: 'discard', filter: { unreadable: true } }), {
      'redrive-batch RedriveOutcomes discarded': 1,
    });

    await stage.outside.grant('unread', ['bob']);
    await stage.listen('carol', 'unread');
    await stage.edge.break({
      ...{ service: 'dynamodb', action: 'Query', role: 'message-processor', times: 3 },
      fault: { error: 'AccessDeniedException', statusCode: 400 },
    });
    await measures(() => stage.publish('Fifo', 'unread', [secret]), {
      ...committed('fifo'),
      'message-processor DuplicatesAbsorbed': 2,
      'message-processor DeadLettersSent subscribers': 1,
      'dead-letter-recorder DeadLettersRecorded fifo': 1,
    });
    await measures(() => operator.carryOut({ queue: 'fifo', mode: 'redrive', filter: { chatId: 'unread' } }), {
      'redrive-batch RedriveOutcomes redriven': 1,
      'message-processor DuplicatesAbsorbed': 1,
      'message-processor FanOutSize': 1,
      'message-processor Posts delivered': 1,
    });
  }, 60_000);

  test('of connections: as they come and go, and what they listen to', async () => {
    await stage.outside.grant('one', ['vera']);
    await stage.outside.grant('two', ['vera']);
    const sockets: TestSocket[] = [];
    await measures(async () => sockets.push(await stage.open('vera')), { 'connection Connected': 1 });
    await measures(() => sockets[0]?.request({ action: 'subscribe', chatIds: ['one', 'two'] }), {
      'subscription Subscribed': 2,
    });
    await measures(() => tables.drop('Permissions', { userId: userIdOf('vera'), chatId: 'one' }), {
      'permission-stream RevokedSubscriptions': 1,
    });
    await measures(() => sockets[0]?.close(), { 'connection Disconnected': 1 });
  });

  test('of a revocation that could not be followed at first: whom it was about, for whoever has to make it hold', async () => {
    await stage.outside.grant('unfollowed', ['vera']);
    await stage.listen('vera', 'unfollowed');
    await stage.edge.break({
      ...{ service: 'dynamodb', action: 'Query', role: 'permission-stream', times: 1 },
      fault: { error: 'AccessDeniedException', statusCode: 400 },
    });
    const membership = { userId: userIdOf('vera'), chatId: 'unfollowed' };
    await measures(() => tables.drop('Permissions', membership), { 'permission-stream RevokedSubscriptions': 1 });
    expect(log.lines('Subscriptions could not follow a permission')).toMatchObject([
      {
        ...{ ...membership, service: 'permission-stream', cause: { name: 'AccessDeniedException' } },
        eventIds: [expect.stringMatching(/^\d+$/)],
      },
    ]);
  });

  describe('of requests', () => {
    const permissions = async (query: string): Promise<unknown> => {
      const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
      const headers = { authorization: `Bearer ${accessToken}` };
      return fetch(new URL(`permissions${query}`, `${stage.cloud.outputs.httpUrl}/`), { headers });
    };

    const refused: [service: string, reason: string, act: () => Promise<unknown>][] = [
      [publisherOf.socket, 'Forbidden', () => bob.ask('socket', messageTo('not-his', 'fifo'))],
      [publisherOf.http, 'Forbidden', () => bob.ask('http', messageTo('not-his', 'fifo'))],
      ['authenticate', 'Unauthorized', () => bob.socket.request({ action: 'authenticate', token: 'none' })],
      ['connection', 'InvalidRequest', async () => bob.socket.send({ action: '$connect' })],
      ['report', 'InvalidRequest', async () => bob.socket.send({ action: 'report', messageId: 'none' })],
      ['heartbeat', 'InvalidRequest', () => bob.socket.request({ action: 'ping', positions: 'none' })],
      ['permissions-http', 'InvalidRequest', () => permissions('?userId=')],
      ['replay', 'InvalidRequest', () => bob.socket.request({ action: 'replay', chatId: 7 })],
      ['subscription', 'InvalidRequest', () => bob.socket.request({ action: 'subscribe', chatIds: 'one' })],
    ];

    test.each(refused)('that %s refused one: %s', async (service, reason, act) => {
      await measures(act, { [`${service} Refused ${reason}`]: 1 });
    });

    const failing: [service: string, act: () => Promise<unknown>][] = [
      [publisherOf.socket, () => bob.ask('socket', messageTo(chat, 'fifo'))],
      [publisherOf.http, () => bob.ask('http', messageTo(chat, 'fifo'))],
      [
        'authenticate',
        async () => {
          const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
          await bob.socket.request({ action: 'authenticate', token: accessToken });
        },
      ],
      ['connection', () => expect(stage.open('vera')).rejects.toThrow(ConnectionRefused)],
      ['heartbeat', () => bob.socket.request({ action: 'ping' })],
      ['permissions-http', () => permissions(`?userId=${userIdOf('bob')}`)],
      ['replay', () => bob.socket.request({ action: 'replay', chatId: chat, fromSequence: 1 })],
      ['subscription', () => bob.socket.request({ action: 'subscribe', chatIds: [chat] })],
    ];

    test.each(failing)('that %s failed at one', async (role, act) => {
      await stage.edge.break({
        ...{ service: 'dynamodb', role },
        fault: { error: 'AccessDeniedException', statusCode: 400 },
      });
      await measures(act, { [`${role} Failed`]: 1 });
    });
  });

  describe('all in all', () => {
    test('every line is in the embedded metric format, and no dimension tells one message or person from another', () => {
      for (const { name, unit, namespace, dimensions } of log.metrics()) {
        const { by, values = [], ...definition } = catalogue[name] ?? { unit: 'none', services: [] };
        const { service, stack, ...more } = dimensions;
        expect({ namespace, unit, stack }).toEqual({
          namespace: metricNamespace,
          unit: definition.unit,
          stack: 'WebSocketNotificationService-test',
        });
        expect(definition.services).toContain(service);
        expect(Object.keys(more)).toEqual(by === undefined ? [] : [by]);
        for (const value of Object.values(more)) expect(values).toContain(value);
      }
    });

    /** Calls nothing that could fail. */
    const unfailing = ['report Failed'];

    test('everything in the catalogue was measured by every function and workflow it names', async () => {
      const told = (await stage.edge.metrics()).filter(({ namespace }) => namespace === metricNamespace);
      const seen = new Set(
        [...log.metrics(), ...told].map(({ name, dimensions }) => `${dimensions['service']} ${name}`),
      );
      const promised = Object.entries(catalogue).flatMap(([name, { services }]) =>
        services.map((service) => `${service} ${name}`),
      );
      expect(promised.filter((each) => !seen.has(each))).toEqual(unfailing);
      expect(promised).toEqual(expect.arrayContaining([...seen]));
    });

    test('a message can be followed through the log, and each line names its invocation', async () => {
      const { body } = await bob.ask('socket', messageTo(chat, 'sequenced'));
      const messageId = String(body['messageId']);
      const journey = await until('its delivery', () => {
        const lines = log.journey(messageId);
        return lines.some(({ message }) => message === 'Delivered') && lines;
      });
      expect(journey.map(({ service, message }) => `${service}: ${message}`)).toEqual([
        'p2p-websocket-publisher: Published',
        'message-processor: Committed',
        'message-processor: Delivered',
      ]);
      expect(journey.map((line) => line['function_request_id'])).toEqual(journey.map(() => expect.any(String)));
      expect(journey[0]).toMatchObject({ messageId, messageType: 'sequenced' });
      const sequence = expect.any(Number) as number;
      expect(journey[1]).toMatchObject({ messageIds: [messageId], firstSequence: sequence, lastSequence: sequence });
      expect(journey[2]).toMatchObject({ messageIds: [messageId], connections: 2, gone: 0, retried: 0 });
    });

    test('neither what people wrote nor their tokens are in the log', () => {
      expect(log.text()).not.toContain(secret);
      // Each of a token's parts begins so: {" in base64.
      expect(log.text()).not.toMatch(/eyJ[\w-]{20}/);
    });
  });
});

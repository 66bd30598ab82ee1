import { Alarms } from '../../../local/cloudwatch/alarms.ts';
import type { MissingData } from '../../../local/cloudwatch/evaluation.ts';
import { type AlarmDefinition, alarmsOf, cloudWatchProperties } from '../../../local/cloudwatch/from-template.ts';
import { type MetricIdentity, MetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { resolveStack } from '../../../local/template/stack.ts';
import { Synthesized } from '../../infra/synthesized.ts';
import { textOf } from '../../infra/watched-metrics.ts';

/** Values of one minute, by the names of metrics and words of their dimensions; a metric that is not meant has none. */
type Minute = Record<string, number>;

const minuteMs = 60_000;
const definitions = definitionsOf(new Synthesized('production'));

/**
 * Each alarm of the template on points that are fed to it: those that nothing on this machine brings about (throttles of AWS, lost deliveries),
 * and those where it matters what silence means.
 */
describe('an alarm of the template', () => {
  test.each<[what: string, alarm: string, bad: Minute, good: Minute]>([
    [
      'the account has no concurrency left for those who answer',
      'request-functions-throttled',
      { 'Throttles websocket-authorizer': 1 },
      { Throttles: 0 },
    ],
    ['nor for those behind queues', 'message-functions-throttled', { 'Throttles fan-out': 1 }, { Throttles: 0 }],
    [
      'a function that answers is about to be cut off',
      'request-functions-near-timeout',
      { 'Duration a2p-http-publisher': 8_001 },
      { Duration: 8_000 },
    ],
    [
      'a function behind a queue is about to be cut off',
      'message-functions-near-timeout',
      { 'Duration message-processor': 8_001 },
      { Duration: 8_000 },
    ],
    [
      'standard messages wait',
      'queue-behind-standard',
      { ApproximateAgeOfOldestMessage: 121 },
      { ApproximateAgeOfOldestMessage: 120 },
    ],
    [
      'numbered messages wait',
      'queue-behind-fifo',
      { ApproximateAgeOfOldestMessage: 121 },
      { ApproximateAgeOfOldestMessage: 120 },
    ],
    [
      'posts wait for their next try',
      'queue-behind-delivery-retry',
      { ApproximateAgeOfOldestMessage: 121 },
      { ApproximateAgeOfOldestMessage: 120 },
    ],
    [
      'slots wait',
      'queue-behind-fan-out',
      { ApproximateAgeOfOldestMessage: 121 },
      { ApproximateAgeOfOldestMessage: 120 },
    ],
    ['permissions are followed late', 'revocations-behind', { IteratorAge: 30_001 }, { IteratorAge: 30_000 }],
    ['the topic loses messages', 'topics-failing', { NumberOfNotificationsFailedToRedriveToDlq: 1 }, {}],
    ['the HTTP API answers with 5xx', 'gateways-failing', { '5xx': 1 }, { '5xx': 0 }],
    ['functions cannot be called', 'gateways-failing', { ExecutionError: 1 }, {}],
    ['GraphQL answers with 5xx', 'graphql-failing', { '5XXError': 1 }, { '5XXError': 0 }],
    ['a redrive failed', 'redrives-failing', { 'ExecutionsFailed dlq-redrive': 1 }, {}],
    ['a frame is too large', 'posts-too-large', { 'Posts too-large fan-out': 1 }, { 'Posts too-large fan-out': 0 }],
    [
      'messages are late in large chats',
      'delivery-slow-large',
      { 'DeliveryLatency sequenced': 30_001 },
      { DeliveryLatency: 30_000 },
    ],
    [
      'no post arrives',
      'posts-failing',
      { 'Posts failed message-processor': 12 },
      { 'Posts delivered': 300, 'Posts failed': 30 },
    ],
    [
      'more than a tenth of the posts are throttled',
      'posts-failing',
      { 'Posts throttled fan-out': 200, 'Posts delivered fan-out': 1_000 },
      { 'Posts failed delivery-retry': 10 },
    ],
    [
      'the authorizer lets nobody in',
      'clients-refused',
      { AuthorizerRefused: 31, ClientError: 0, Count: 100 },
      { AuthorizerRefused: 100, ClientError: 100, ConnectCount: 100, Count: 100, '4xx': 50 },
    ],
    ['frames are over the limit', 'clients-refused', { ClientError: 131, ConnectCount: 100 }, { ClientError: 30 }],
    ['the HTTP API refuses callers', 'clients-refused', { Count: 131, '4xx': 81 }, { Count: 130, '4xx': 80 }],
    [
      'tables that messages pass refuse reads',
      'tables-throttled-reads',
      { 'ReadThrottleEvents bySequence': 11, ExecutionsStarted: 1 },
      { ExecutionsStarted: 1 },
    ],
    [
      'tables that messages pass refuse writes',
      'tables-throttled-writes',
      { 'WriteThrottleEvents byUser': 11, ExecutionsStarted: 1 },
      { ExecutionsStarted: 1 },
    ],
    [
      'other tables refuse requests',
      'tables-throttled-others',
      { 'WriteThrottleEvents RateLimits': 11, ExecutionsStarted: 1 },
      { ExecutionsStarted: 1 },
    ],
  ])('rings when %s, and falls silent once that is over', (_what, alarm, bad, good) => {
    const watched = new Fed(alarm);
    watched.minutes(7, good);
    expect(watched.state).toBe('OK');
    watched.minutes(7, bad);
    expect(watched.state).toBe('ALARM');
    watched.minutes(7, good);
    expect(watched.state).toBe('OK');
  });

  test('needs no more than three bad minutes of five to ring for what lasts, and does not ring for two', () => {
    const watched = new Fed('clients-refused');
    const bad = { AuthorizerRefused: 100 };
    for (const minute of [bad, {}, bad]) watched.minutes(1, minute);
    expect(watched.state).toBe('OK');
    watched.minutes(1, bad);
    expect(watched.state).toBe('ALARM');
  });

  describe('on revocations', () => {
    test('rings when the stream is silent for five minutes, which it never is by itself', () => {
      const watched = new Fed('revocations-behind');
      watched.minutes(3, { IteratorAge: 500 });
      watched.minutes(4, {});
      expect(watched.state).toBe('OK');
      watched.minutes(1, {});
      expect(watched.state).toBe('ALARM');
      watched.minutes(1, { IteratorAge: 500 });
      expect(watched.state).toBe('OK');
    });

    test('bears a minute that the one before or after has the word of', () => {
      const watched = new Fed('revocations-behind');
      for (let round = 0; round < 10; round += 1) {
        watched.minutes(1, { IteratorAge: 500 });
        watched.minutes(1, {});
        expect(watched.state).toBe('OK');
      }
    });
  });

  describe('on dead letters', () => {
    const none: Minute = { DeadLettersWaiting: 0 };
    const one: Minute = { ...none, 'DeadLettersWaiting delivery-retry': 1 };

    test('rings in the minute one is recorded, and until none waits', () => {
      const watched = new Fed('dead-letters-waiting');
      watched.minutes(3, none);
      expect(watched.state).toBe('OK');
      watched.minutes(1, { ...none, 'DeadLettersRecorded delivery-retry': 1 });
      expect(watched.state).toBe('ALARM');
      watched.minutes(120, one);
      expect(watched.state).toBe('ALARM');
      expect(watched.changes).toEqual(['INSUFFICIENT_DATA > OK', 'OK > ALARM']);
      watched.minutes(1, none);
      expect(watched.state).toBe('OK');
    });

    test('stays as it is while nobody counts them, and rings for one that is recorded then', () => {
      const watched = new Fed('dead-letters-waiting');
      watched.minutes(1, one);
      watched.minutes(30, {});
      expect(watched.state).toBe('ALARM');
      watched.minutes(1, none);
      watched.minutes(30, {});
      expect(watched.state).toBe('OK');
      watched.minutes(1, { DeadLettersRecorded: 1 });
      watched.minutes(30, {});
      expect(watched.state).toBe('ALARM');
    });
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: DynamoDB's metrics may be such.
  test('on throttled tables ends also where AWS takes missing data for no news', () => {
    const watched = new Fed('tables-throttled-writes', 'ignore');
    watched.minutes(3, { 'WriteThrottleEvents Messages': 11, ExecutionsStarted: 1 });
    expect(watched.state).toBe('ALARM');
    watched.minutes(5, { ExecutionsStarted: 1 });
    expect(watched.state).toBe('OK');
  });
});

/** An alarm whose metrics have the values that a test feeds it, minute by minute. */
class Fed {
  readonly changes: string[] = [];
  readonly #definition: AlarmDefinition;
  readonly #store = new MetricStore(minuteMs);
  readonly #alarms: Alarms;
  #minute = 1_000;

  constructor(name: string, treatMissingData?: MissingData) {
    const definition = definitions.find((one) => one.name.endsWith(`-production-${name}`));
    if (!definition) throw new Error(`The template has no alarm ${name}`);
    this.#definition = { ...definition, ...(treatMissingData && { treatMissingData }) };
    this.#alarms = new Alarms(
      [this.#definition],
      this.#store,
      (_alarm, { from, to }) => this.changes.push(`${from} > ${to}`),
      () => true,
    );
  }

  get state(): string | undefined {
    return this.#alarms.list()[0]?.state;
  }

  minutes(count: number, values: Minute): void {
    for (let left = count; left > 0; left -= 1) {
      this.#put(values);
      this.#alarms.evaluate(this.#minute);
      this.#minute += 1;
    }
  }

  /** Of several words that mean a metric, the last counts. */
  #put(values: Minute): void {
    const put = new Map<string, [MetricIdentity, number]>();
    for (const [words, value] of Object.entries(values)) {
      const meant = this.#definition.watched.filter(({ metric }) => isMeant(metric, words));
      if (meant.length === 0) throw new Error(`${this.#definition.name} reads no ${words}`);
      for (const { id, metric } of meant) put.set(id, [metric, value]);
    }
    for (const [metric, value] of put.values()) {
      this.#store.put({ ...metric, unit: 'None', values: [value], timestamp: this.#minute * minuteMs });
    }
  }
}

function isMeant({ name, dimensions }: MetricIdentity, words: string): boolean {
  const [meant, ...others] = words.split(' ');
  const values = Object.values(dimensions);
  return name === meant && others.every((word) => values.some((value) => value.includes(word)));
}

/** The template's alarms, with text for whatever they refer to. */
function definitionsOf(synthesized: Synthesized): AlarmDefinition[] {
  const alarms = synthesized.ofType('AWS::CloudWatch::Alarm').map(({ id, Type, Properties }) => {
    const { AlarmActions, OKActions, InsufficientDataActions, ...others } = Properties as Record<string, unknown>;
    expect([AlarmActions, OKActions, InsufficientDataActions].flat().filter(Boolean)).not.toEqual([]);
    return [id, { Type, Properties: plain(others) as Record<string, unknown> }] as const;
  });
  const where = { stackName: 'fed', region: 'us-east-1', accountId: '000000000000' };
  const template = { Resources: Object.fromEntries(alarms) };
  return alarmsOf(resolveStack({ stackName: 'fed', template, assetPath: (key) => key }, where, cloudWatchProperties));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'))) return textOf(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

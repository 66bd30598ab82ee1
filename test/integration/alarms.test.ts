import type { FaultRule, ShownAlarm } from '../setup/edge-control.ts';
import { signIn } from '../setup/sign-in.ts';
import { ConnectionRefused, TestSocket } from '../setup/socket.ts';
import { Stage } from '../setup/stage.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { Operator } from './redrive/operator.ts';

/** What alarms are for: the faults that should make them ring, and what people do meanwhile. */
interface Trouble {
  rings: string[];
  faults: FaultRule[];
  meanwhile?: () => unknown;
  /** Before the same is done again; a minute takes two seconds here. */
  pauseMs?: number;
}

const denied = { error: 'AccessDeniedException', statusCode: 400 };
const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
const posts = { service: 'execute-api', action: 'PostToConnection' };
const ordinary = ['failing', 'slow', 'slow-too', 'broken', 'contended', 'crashing', 'lingering', 'oversized'];
/** Served in slots, from the start. */
const large = 'slow-and-large';
const deaf = 'deaf';

/**
 * Alarms are believed when they ring for what they are for, and for nothing else, and fall silent when it is over. Everything is evaluated by
 * the alarms of the template: on the metrics that the functions themselves write, and on those of Lambda, Step Functions and the gateways.
 */
describe('alarms', () => {
  let stage: Stage;
  let operator: Operator;
  let tables: Tables;
  let bob: TestSocket;
  let token: string;
  let begun: string;

  beforeAll(async () => {
    stage = await Stage.start();
    operator = new Operator(stage.cloud.outputs);
    tables = await Tables.of(stage.cloud.outputs);
    await tables.put('Subscriptions', { chatId: large, subscriber: '!large', since: new Date().toISOString() });
    bob = await stage.listen('bob', ...ordinary, large);
    await stage.outside.grant(deaf, ['bob']);
    token = (await signIn(stage.cloud.outputs, 'bob')).accessToken;
  });
  beforeEach(async () => {
    // What is written each minute is there from some minute on.
    await until('all to be well', async () => (await evaluated()).every(({ state }) => state === 'OK'), 90_000);
    begun = new Date().toISOString();
  }, 100_000);
  afterAll(async () => {
    for (const socket of await Promise.all(sockets.values())) await socket.close();
    tables?.close();
    await stage?.close();
  });

  const messageFor = (chatId: string, more: Record<string, unknown> = {}): Record<string, unknown> => {
    const payload = { chatId, eventType: 'chat', content: `at ${Date.now()} ${Math.random()}` };
    return { targetChannel: 'WebSocket', payload, ...more };
  };
  const send = (chatId: string, more: Record<string, unknown> = {}): void =>
    bob.send({ action: 'sendMessage', ...messageFor(chatId, more) });
  const publish = (chatId: string): Promise<Response> =>
    fetch(`${stage.cloud.outputs.httpUrl}/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(messageFor(chatId)),
    });
  /** Comes with a token; how a refusal is answered is not looked at here. */
  const connect = (withToken: string, query: Record<string, string> = {}): Promise<unknown> =>
    TestSocket.open(stage.cloud.outputs.webSocketUrl, query, ['notification.v1', withToken]).then(
      (socket) => socket.close(),
      (error: unknown) => {
        if (!(error instanceof ConnectionRefused)) throw error;
      },
    );
  const numbered = { messageType: 'fifo', generateSequence: true };

  /** Who listens to a chat that nobody reaches is closed in the end, and comes back. */
  const sockets = new Map<number, Promise<TestSocket>>();
  const listen = async (place: number): Promise<void> => {
    const socket = await sockets.get(place);
    if (socket && socket.socket.readyState === socket.socket.OPEN) return;
    sockets.set(
      place,
      TestSocket.open(stage.cloud.outputs.webSocketUrl, { chatIds: deaf }, ['notification.v1', token]),
    );
  };

  const evaluated = async (): Promise<ShownAlarm[]> =>
    (await stage.edge.alarms()).filter(({ notEvaluatedFor }) => notEvaluatedFor.length === 0);
  const named = async (names: readonly string[]): Promise<ShownAlarm[]> =>
    (await stage.edge.alarms()).filter(({ name }) => names.includes(shortName(name)));
  const areAll = async (names: readonly string[], state: string): Promise<boolean> =>
    (await named(names)).filter((alarm) => alarm.state === state).length === names.length;
  const rung = async (): Promise<string[]> =>
    (await stage.edge.alarms())
      .filter(({ changes }) => changes.some(({ to, at }) => to === 'ALARM' && at > begun))
      // A busy machine may well come near timeouts, too, and let queues wait.
      .map(({ name }) => shortName(name))
      .filter((name) => !/near-timeout|queue-behind/.test(name))
      .sort();

  /** Of things that have nothing to do with each other. */
  const apart: Trouble[] = [
    {
      rings: ['requests-failing'],
      faults: [
        {
          ...{ service: 'dynamodb', action: 'BatchGetItem', role: 'p2p-websocket-publisher', about: 'failing' },
          fault: { error: 'InternalServerError', statusCode: 500 },
        },
      ],
      meanwhile: () => send('failing'),
      pauseMs: 500,
    },
    {
      // By its authorizer, whose end is read from its log.
      rings: ['request-functions-failing'],
      faults: [{ service: 'dynamodb', role: 'websocket-authorizer', about: 'failing', fault: { crash: true } }],
      meanwhile: () => connect(token, { chatIds: 'failing' }),
      // Each crash costs a cold start.
      pauseMs: 1_000,
    },
    {
      // SNS is given up three times over, which takes nine seconds of ten.
      rings: ['request-functions-near-timeout'],
      faults: [{ service: 'sns', role: 'a2p-http-publisher', about: 'lingering', fault: { delayMs: 3_100 } }],
      meanwhile: () => publish('lingering'),
      pauseMs: 1_200,
    },
    {
      rings: ['workflows-failing'],
      faults: [{ service: 'dynamodb', role: 'multipart-expiry', fault: { error: 'AccessDenied', statusCode: 400 } }],
    },
    {
      rings: ['schedules-stopped'],
      faults: [
        {
          ...{ service: 'states', action: 'StartExecution', role: 'schedule', resource: '*-redrive-watch' },
          fault: { error: 'ServiceUnavailable', statusCode: 503 },
        },
      ],
    },
    {
      // The stream cannot be read: nothing fails, and nothing happens.
      rings: ['revocations-behind'],
      faults: [{ service: 'dynamodb', action: 'GetRecords', role: 'permission-stream', fault: denied }],
    },
    {
      // Its order becomes one that nobody can follow, before it is read.
      rings: ['redrives-failing'],
      faults: [{ service: 'lambda', action: 'Invoke', role: 'dlq-redrive', fault: { delayMs: 1_500 } }],
      async meanwhile() {
        const { data } = await operator.askToStart({ queue: 'fan-out', mode: 'redrive' });
        const redriveId = data?.startRedrive?.redriveId;
        if (redriveId !== undefined) await tables.set('Redrives', { redriveId }, { filter: '{"chat":"x"}' });
      },
      pauseMs: 4_000,
    },
  ];

  /** Of the processor, which takes messages of several chats at once: one after the other. */
  const inTurn: Trouble[] = [
    {
      rings: ['delivery-slow-standard', 'delivery-slow-fifo', 'delivery-slow-sequenced', 'delivery-slow-large'],
      faults: [
        { service: 'sns', action: 'Publish', about: 'slow', fault: { delayMs: 2_600 } },
        { ...commits, about: 'slow', fault: { delayMs: 600 } },
      ],
      // Numbered messages and others of one chat would wait for each other.
      meanwhile() {
        send('slow');
        send('slow', { messageType: 'fifo' });
        send('slow-too', numbered);
        send(large);
      },
      // Publishers that wait for SNS must not keep others from being called.
      pauseMs: 2_000,
    },
    {
      // Nothing arrives, so nothing is late.
      rings: ['posts-failing'],
      faults: [{ ...posts, about: deaf, fault: { error: 'InternalServerException', statusCode: 500 } }],
      async meanwhile() {
        send(deaf);
        await Promise.all([1, 2, 3].map(listen));
      },
    },
    {
      rings: ['posts-too-large'],
      faults: [{ ...posts, about: 'oversized', fault: { error: 'PayloadTooLargeException', statusCode: 413 } }],
      meanwhile: () => send('oversized'),
    },
    {
      rings: ['dead-letters-waiting'],
      faults: [{ ...commits, about: 'broken', fault: denied }],
      meanwhile: () => send('broken', numbered),
    },
    {
      rings: ['dead-letters-unrecorded'],
      faults: [
        { ...commits, about: 'broken', fault: denied },
        { ...commits, role: 'dead-letter-recorder', fault: denied },
      ],
      meanwhile: () => send('broken'),
    },
    {
      rings: ['commits-contended'],
      faults: [
        {
          ...{ ...commits, about: 'contended', probability: 0.7 },
          fault: {
            error: 'TransactionCanceledException',
            statusCode: 400,
            fields: { CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }] },
          },
        },
      ],
      meanwhile: () => send('contended', numbered),
    },
    {
      rings: ['message-functions-failing', 'queue-behind-standard', 'queue-behind-fifo'],
      faults: [{ ...commits, about: 'crashing', fault: { crash: true } }],
      // Of a FIFO group all wait behind the one that crashes.
      meanwhile() {
        send('crashing');
        send('crashing', numbered);
      },
      pauseMs: 500,
    },
    {
      // Longer than a commit waits for DynamoDB, and together longer than the processor has.
      rings: ['message-functions-near-timeout'],
      faults: [{ ...commits, about: 'lingering', fault: { delayMs: 2_500 } }],
      meanwhile: () => send('lingering'),
      pauseMs: 700,
    },
  ];
  const meant = [...apart, ...inTurn].flatMap(({ rings }) => rings);

  async function goThrough({ rings, faults, meanwhile, pauseMs = 250 }: Trouble): Promise<void> {
    const rules = await Promise.all(faults.map((fault) => stage.edge.break(fault)));
    const failures: unknown[] = [];
    const act = async (): Promise<unknown> => meanwhile?.();
    const doing = setInterval(() => void act().catch((error: unknown) => failures.push(error)), pauseMs);
    try {
      await until(`${rings.join(', ')} to ring`, () => areAll(rings, 'ALARM'), 120_000);
    } finally {
      clearInterval(doing);
      await Promise.all(rules.map((rule) => stage.edge.repair(rule)));
    }
    expect(failures).toEqual([]);
  }

  test('clients with bad tokens are told of as such, and as no function’s failure', async () => {
    await goThrough({ rings: ['clients-refused'], faults: [], meanwhile: () => connect('no-token'), pauseMs: 100 });
    const metrics = await stage.edge.metrics();
    for (const counted of ['AuthorizerRefused', 'ClientError']) {
      expect(metrics.find(({ name }) => name === counted)?.minutes.length).toBeGreaterThan(0);
    }
    await until('silence', () => areAll(['clients-refused'], 'OK'), 60_000);
    expect(await rung()).toEqual(['clients-refused']);
  }, 200_000);

  test('each rings for what it is for, and falls silent once that is over; no other rings', async () => {
    const turns = inTurn.reduce((before, trouble) => before.then(() => goThrough(trouble)), Promise.resolve());
    await Promise.all([...apart.map(goThrough), turns]);
    const lasting = 'dead-letters-waiting';
    await until(
      'silence',
      () =>
        areAll(
          meant.filter((name) => name !== lasting),
          'OK',
        ),
      90_000,
    );
    expect(await rung()).toEqual(meant.filter((name) => !/near-timeout|queue-behind/.test(name)).sort());

    expect(await areAll([lasting], 'ALARM')).toBe(true);
    for (const queue of ['standard', 'fifo']) {
      await until(`no letters of ${queue}`, async () => {
        await operator.carryOut({ queue, mode: 'discard' });
        return (await operator.waiting(queue)) === 0;
      });
    }
    await until('no letters', () => areAll([lasting], 'OK'), 30_000);
  }, 600_000);

  test('those on what nothing here writes are named, and not evaluated', async () => {
    const silent = (await stage.edge.alarms()).filter(({ notEvaluatedFor }) => notEvaluatedFor.length > 0);
    expect(silent.map(({ name }) => shortName(name)).sort()).toEqual([
      'gateways-failing',
      'graphql-failing',
      'tables-throttled-others',
      'tables-throttled-reads',
      'tables-throttled-writes',
      'topics-failing',
    ]);
    for (const { notEvaluatedFor } of silent) expect(notEvaluatedFor.join()).toMatch(/^AWS\//);
  });
});

function shortName(name: string): string {
  return name.replace('WebSocketNotificationService-test-', '');
}

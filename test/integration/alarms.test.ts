import type { FaultRule, ShownAlarm } from '../setup/edge-control.ts';
import type { TestSocket } from '../setup/socket.ts';
import { Stage } from '../setup/stage.ts';
import { until } from '../setup/until.ts';

/** What alarms are for: the faults that should make them ring, and what people do meanwhile. */
interface Trouble {
  rings: string[];
  faults: FaultRule[];
  meanwhile?: () => void;
  /** Before the same is done again; a minute takes two seconds here. */
  pauseMs?: number;
}

const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
const chats = ['failing', 'slow', 'broken', 'contended', 'crashing'];

/**
 * Alarms are believed when they ring for what they are for, and for nothing else, and fall silent when it is over. Everything is evaluated by
 * the alarms of the template: on the metrics that the functions themselves write, and on those of Lambda and Step Functions.
 */
describe('alarms', () => {
  let stage: Stage;
  let bob: TestSocket;

  beforeAll(async () => {
    stage = await Stage.start();
    bob = await stage.listen('bob', ...chats);
  });
  afterAll(() => stage.close());

  const send = (chatId: string, more: Record<string, unknown> = {}): void => {
    const payload = { chatId, eventType: 'chat', content: `at ${Date.now()} ${Math.random()}` };
    bob.send({ action: 'sendMessage', targetChannel: 'WebSocket', payload, ...more });
  };
  const numbered = { messageType: 'fifo', generateSequence: true };

  const named = async (names: readonly string[]): Promise<ShownAlarm[]> =>
    (await stage.edge.alarms()).filter(({ name }) => names.includes(shortName(name)));
  const areAll = async (names: readonly string[], state: string): Promise<boolean> =>
    (await named(names)).filter((alarm) => alarm.state === state).length === names.length;

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
    },
    {
      rings: ['request-functions-failing'],
      faults: [{ service: 'dynamodb', role: 'heartbeat', fault: { crash: true } }],
      meanwhile: () => bob.send({ action: 'ping', positions: { failing: 0 } }),
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
  ];

  /** Of the processor, which takes messages of several chats at once: one after the other. */
  const inTurn: Trouble[] = [
    {
      rings: ['delivery-slow-standard', 'delivery-slow-fifo', 'delivery-slow-sequenced'],
      faults: [
        { service: 'sns', action: 'Publish', about: 'slow', fault: { delayMs: 2_200 } },
        { ...commits, about: 'slow', fault: { delayMs: 1_200 } },
      ],
      meanwhile() {
        for (const type of [{}, { messageType: 'fifo' }, numbered]) send('slow', type);
      },
      // Publishers that wait for SNS must not keep others from being called.
      pauseMs: 1_500,
    },
    {
      rings: ['dead-letters'],
      faults: [{ ...commits, about: 'broken', fault: { error: 'AccessDeniedException', statusCode: 400 } }],
      meanwhile: () => send('broken', numbered),
    },
    {
      rings: ['dead-letters-unrecorded'],
      faults: [
        { ...commits, about: 'broken', fault: { error: 'AccessDeniedException', statusCode: 400 } },
        { ...commits, role: 'dead-letter-recorder', fault: { error: 'AccessDeniedException', statusCode: 400 } },
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
      rings: ['message-functions-failing'],
      faults: [{ ...commits, about: 'crashing', fault: { crash: true } }],
      // Standard messages: a FIFO group waits behind the one that crashes.
      meanwhile: () => send('crashing'),
    },
  ];
  const meant = [...apart, ...inTurn].flatMap(({ rings }) => rings);

  async function goThrough({ rings, faults, meanwhile, pauseMs = 250 }: Trouble): Promise<void> {
    const rules = await Promise.all(faults.map((fault) => stage.edge.break(fault)));
    const doing = meanwhile && setInterval(meanwhile, pauseMs);
    try {
      await until(`${rings.join(', ')} to ring`, () => areAll(rings, 'ALARM'), 90_000);
    } finally {
      clearInterval(doing);
      await Promise.all(rules.map((rule) => stage.edge.repair(rule)));
    }
  }

  test('each rings for what it is for, and falls silent once that is over; no other rings', async () => {
    const turns = inTurn.reduce((before, trouble) => before.then(() => goThrough(trouble)), Promise.resolve());
    await Promise.all([...apart.map(goThrough), turns]);
    await until('silence', () => areAll(meant, 'OK'), 60_000);
    const rang = (await stage.edge.alarms()).filter(({ changes }) => changes.some(({ to }) => to === 'ALARM'));
    // A busy machine may well come near timeouts, too, and let queues wait.
    const others = rang.map(({ name }) => shortName(name)).filter((name) => !/near-timeout|queue-behind/.test(name));
    expect(others.sort()).toEqual([...meant].sort());
  }, 400_000);

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

import { personNamed } from '../../setup/sign-in.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues } from './dead-letter-queues.ts';
import { Operator, type Order } from './operator.ts';
import { deadMessage, unreadable } from './stock.ts';

const queue = 'fifo';
const perChat = 20;

/** What is asked for of a chat with twenty letters: of every five, three of bob's, one of a viewer's and one of a stranger's. */
type Case = [what: string, chatId: string, order: Omit<Order, 'queue'>, foreseen: { matched: number; skipped: number }];

const cases: Case[] = [
  ['all of a chat', 'whole', { mode: 'redrive' }, { matched: 20, skipped: 8 }],
  ['with revoked senders', 'revoked', { mode: 'redrive', includeRevokedSenders: true }, { matched: 20, skipped: 0 }],
  ['seven at most', 'seven', { mode: 'redrive', maxMessages: 7 }, { matched: 11, skipped: 4 }],
  ['to be given up', 'hopeless', { mode: 'discard' }, { matched: 20, skipped: 0 }],
  ['for one reason', 'reasoned', { mode: 'redrive', filter: { reason: 'THROTTLING' } }, { matched: 10, skipped: 4 }],
];

/** What the roles of redrives may do while somebody plans. */
const reads = ['BatchGetItem', 'GetItem', 'Query', 'Invoke'];
const roles = ['redrive-control', 'redrive-batch', 'dlq-redrive'];

describe('a planned redrive', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let operator: Operator;

  beforeAll(async () => {
    stage = await Stage.start();
    const { outputs } = stage.cloud;
    queues = new DeadLetterQueues(outputs);
    operator = new Operator(outputs);
    const letters = cases.flatMap(([, chatId]) =>
      Array.from({ length: perChat }, (_none, content) => {
        const username = ['bob', 'bob', 'vera', 'mallory', 'bob'][content % 5] ?? '';
        const reason = content % 2 === 0 ? 'failed: ThrottlingException' : 'failed: Error';
        return deadMessage(queue, { chatId, senderId: personNamed(outputs, username).userId, content, reason });
      }),
    );
    await Promise.all(cases.map(([, chatId]) => stage.outside.grant(chatId, ['bob'])));
    await Promise.all(cases.map(([, chatId]) => stage.outside.grant(chatId, ['vera'], { role: 'viewer' })));
    const all = [...letters, ...Array.from({ length: 3 }, (_none, index) => unreadable(index))];
    await queues.put(queue, all);
    await until('the letters to be recorded', async () => (await operator.waiting(queue)) === all.length);
  }, 90_000);
  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  async function everything() {
    const [letters, redrives, waiting] = await Promise.all([
      stage.outside.letters(queue),
      stage.outside.rows('Redrives', {}),
      operator.waiting(queue),
    ]);
    return { letters, redrives, waiting };
  }

  /** Plans an order and carries it out. */
  async function planAndDo(order: Order) {
    const before = await everything();
    await stage.edge.resetCalls();
    const plan = await operator.plan(order);
    const calls = (await stage.edge.calls()).filter(({ role }) => roles.includes(role));
    expect(await everything()).toEqual(before);
    return { plan, calls, redrive: await operator.carryOut(order) };
  }

  test.each(cases)('of letters %s writes nothing, and says what comes of it', async (_what, chatId, rest, foreseen) => {
    const order = { queue, ...rest, filter: { chatId, ...rest.filter } };
    const { plan, calls, redrive } = await planAndDo(order);
    expect(calls.filter(({ action, service }) => service !== 'logs' && !reads.includes(action))).toEqual([]);

    expect(plan).toMatchObject({ ...foreseen, complete: true });
    expect(redrive).toMatchObject({ status: 'completed', examined: plan.examined, ...foreseen, failed: 0 });
    const done = foreseen.matched - foreseen.skipped;
    expect(redrive.mode === 'discard' ? redrive.discarded : redrive.redriven).toBe(done);
    await expectForetold(plan.sample, Math.min(foreseen.matched, 20));
  });

  test('of letters that nobody can read tells their arrival and nothing else', async () => {
    const { plan, redrive } = await planAndDo({ queue, mode: 'discard', filter: { unreadable: true } });
    expect(plan).toMatchObject({ matched: 3, skipped: 0, complete: true });
    expect(plan.sample).toMatchObject(Array.from({ length: 3 }, () => ({ messageId: null, chatId: null })));
    expect(redrive).toMatchObject({ matched: 3, discarded: 3 });
    await expectForetold(plan.sample, 3);
  });

  async function expectForetold(sample: { arrival: string; outcome: string; why: string }[], count: number) {
    expect(sample).toHaveLength(count);
    const letters = new Map((await stage.outside.letters(queue)).map((letter) => [letter['arrival'], letter]));
    for (const { arrival, outcome, why } of sample) {
      expect(why).not.toBe('');
      const became = { redrive: 'redriven', discard: 'discarded', skip: 'waiting' }[outcome];
      expect(letters.get(arrival)).toMatchObject({ status: became });
    }
  }
});

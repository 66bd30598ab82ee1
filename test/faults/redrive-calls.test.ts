import { ExecutionLogs } from '../../local/audit/execution-logs.ts';
import { storyOf } from '../../local/audit/story.ts';
import { logsClient } from '../../local/commands/read-logs.ts';
import { lowestUlidAt } from '../../resolvers/rules/ulid.ts';
import { DeadLetterQueues } from '../integration/redrive/dead-letter-queues.ts';
import { Operator, type Order } from '../integration/redrive/operator.ts';
import { deadMessage, type DeadMessage } from '../integration/redrive/stock.ts';
import type { FaultRule } from '../setup/edge-control.ts';
import type { Row } from '../setup/outside.ts';
import { personNamed } from '../setup/sign-in.ts';
import { Stage } from '../setup/stage.ts';
import { until } from '../setup/until.ts';
import { kindsOf } from './crash-points/kinds.ts';
import { tell } from './crash-points/tell.ts';
import { rolesOf } from './crash-points/where.ts';

/** A role's calls of one action in one redrive, and how often it makes them. */
type Calls = Required<Pick<FaultRule, 'service' | 'action' | 'role'>> & { count: number };

/** A redrive of letters of a chat of its own, and what befalls it. */
type Scenario = { how: string; rules: FaultRule[] };
type Struck = Scenario & { chatId: string; messages: DeadMessage[]; redriveId: string };

const queue = 'fifo';
const lettersEach = 11;
const roles = ['redrive-control', 'dlq-redrive', 'redrive-batch'];

const redriveLog = '/aws/vendedlogs/states/WebSocketNotificationService-test-dlq-redrive';
const begun = Date.now();

const starts = { service: 'states', action: 'StartExecution' };
const watch = { role: 'redrive-watch', times: 1 };
const fails = { error: 'AccessDeniedException', statusCode: 400 };

/** Besides every single call: what is to carry on where another died is struck, too. */
const more: Scenario[] = Object.entries(kindsOf('dynamodb')).map(([kind, fault]) => ({
  how: `redrive-watch has to start it, and of both its calls ${kind}`,
  rules: [
    { ...starts, role: 'redrive-control', fault: fails },
    { ...watch, service: 'dynamodb', action: 'BatchGetItem', fault },
    { ...watch, ...starts, fault: kindsOf('states')[kind] ?? fails },
  ],
}));

/**
 * Each time, eleven numbered messages of one chat, in three groups, are redriven in two batches, and one call is struck. Which calls there
 * are is counted on a redrive that nothing befalls, so a call that is added later is struck, too.
 */
describe('whichever call of a redrive fails', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let operator: Operator;
  let scenarios: Scenario[];
  const done: Struck[] = [];

  beforeAll(async () => {
    // A schedule's minute takes two seconds: leases run out after three.
    stage = await Stage.start({ arguments: ['--minute', '2'] });
    queues = new DeadLetterQueues(stage.cloud.outputs);
    operator = new Operator(stage.cloud.outputs);
    await carryOut({ how: 'nothing, cold', rules: [] });
    await stage.edge.resetCalls();
    await carryOut({ how: 'nothing, counted', rules: [] });
    scenarios = [...scenariosOf(await calls()), ...more];
    for (const scenario of scenarios) await carryOut(scenario);
  }, 900_000);

  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  async function calls(): Promise<Calls[]> {
    const counted = (await stage.edge.calls()).filter(({ role, by }) => roles.includes(role) && by === 'function');
    const byAction = new Map<string, Calls>();
    for (const { role, service, action, count } of counted.filter(({ service }) => service !== 'logs')) {
      const before = byAction.get(`${role} ${action}`)?.count ?? 0;
      byAction.set(`${role} ${action}`, { role, service, action, count: before + count });
    }
    return [...byAction.values()];
  }

  function scenariosOf(all: Calls[]): Scenario[] {
    return all.flatMap(({ count, ...call }) =>
      Array.from({ length: count }, (_none, skip) =>
        Object.entries(kindsOf(call.service)).map(([how, fault]) => ({
          how: `${call.role}: ${call.action} ${skip + 1}, ${how}`,
          rules: [{ ...call, ...(skip > 0 && { skip }), times: 1, fault }],
        })),
      ).flat(),
    );
  }

  /** Strands letters, has them redriven under the scenario's faults, and waits for the end. */
  async function carryOut(scenario: Scenario): Promise<void> {
    const chatId = `struck-${done.length}`;
    await stage.outside.grant(chatId, ['bob']);
    const senderId = personNamed(stage.cloud.outputs, 'bob').userId;
    const since = Date.now();
    const messages = Array.from({ length: lettersEach }, (_none, content) =>
      deadMessage(queue, {
        ...{ chatId, senderId, content },
        ...(content % 3 === 0 ? { numbered: true } : { messageGroupId: `group ${content % 3}` }),
      }),
    );
    await queues.put(queue, messages);
    await until('the letters', async () => (await lettersSince(since)).length === lettersEach);
    for (const rule of scenario.rules) await stage.edge.break(rule);
    const redriveId = await start({
      queue,
      mode: 'redrive',
      filter: { chatId, sentAfter: new Date(since).toISOString() },
    });
    await operator.ended({ redriveId });
    const faults = await stage.edge.faults();
    await stage.edge.mend();
    for (const { struck } of faults)
      expect({ how: scenario.how, isStruck: struck > 0 }).toEqual({ how: scenario.how, isStruck: true });
    done.push({ ...scenario, chatId, messages, redriveId });
  }

  /** Letters that were sent since, at this time or later. */
  async function lettersSince(since: number): Promise<Row[]> {
    return stage.outside.letters(queue, lowestUlidAt(since));
  }

  /** Who is not told how the start went looks whether it runs, or is over by now, and asks again if there is none. */
  async function start(order: Order): Promise<string> {
    const asked = lowestUlidAt(Date.now());
    return until('it to be started', async () => {
      const { data } = await operator.askToStart(order);
      if (data) return data.startRedrive.redriveId;
      const redrives = [
        ...(await stage.outside.rows('Redrives', { status: 'running' })),
        ...(await stage.outside.rows('Redrives', { status: 'completed' })),
      ];
      return redrives.map(({ redriveId }) => String(redriveId)).find((redriveId) => redriveId >= asked);
    });
  }

  test('every call was struck, in every way', () => {
    const points = scenarios.flatMap(({ rules }) => rules.map(({ role = '', action = '' }) => ({ role, action })));
    expect([...new Set(points.map(({ role }) => role))].toSorted()).toEqual(rolesOf('redrive-calls'));
    const struck = new Set(points.map(({ role, action }) => `${role} ${action}`));
    expect([...struck]).toEqual(
      expect.arrayContaining([
        'redrive-control Invoke',
        'redrive-control TransactWriteItems',
        'redrive-control StartExecution',
        'dlq-redrive UpdateItem',
        'dlq-redrive Invoke',
        'dlq-redrive TransactWriteItems',
        'redrive-batch BatchGetItem',
        'redrive-batch Query',
        'redrive-batch TransactWriteItems',
        'redrive-batch SendMessageBatch',
      ]),
    );
    tell(points);
  });

  test('it comes to its end by itself, gives the lease back, and its counts are true', async () => {
    const all = Map.groupBy(await stage.outside.letters(queue), (letter) => String(letter['chatId']));
    for (const { how, redriveId, chatId } of done) {
      const redrive = await operator.redrive(redriveId);
      const counts = { examined: lettersEach, matched: lettersEach, redriven: lettersEach };
      expect({ how, ...redrive }).toMatchObject({ how, status: 'completed', ...counts, skipped: 0, failed: 0 });
      const letters = all.get(chatId) ?? [];
      expect({ how, statuses: letters.map((letter) => [letter['status'], letter['redriveId']]) }).toEqual({
        how,
        statuses: Array(lettersEach).fill(['redriven', redriveId]),
      });
    }
    const [lease] = await stage.outside.rows('Redrives', { redriveId: `lock#${queue}` });
    expect(lease).not.toHaveProperty('holder');
    expect(await operator.waiting(queue)).toBe(0);
  }, 60_000);

  test('of executions that were started for the same turn one takes it: the lease has one generation for each', async () => {
    const { region, edge } = stage.cloud.outputs;
    const client = logsClient(region, edge?.url);
    const logs = new ExecutionLogs(client);
    let inVain = 0;
    for (const { how, redriveId } of done) {
      const executions = await logs.executionsAbout(redriveId, redriveLog, begun);
      const { generations } = storyOf(redriveId, [], executions);
      const worked = generations.filter(({ batches }) => batches.some(({ state }) => state !== 'superseded'));
      const turns = worked.map(({ generation }) => generation);
      expect({ how, turns }).toEqual({ how, turns: [...new Set(turns)] });
      inVain += generations.length - worked.length;
    }
    client.destroy();
    expect(inVain).toBeGreaterThan(0);
  }, 60_000);

  test('no message is lost, none is in history twice, and each group has kept its order', async () => {
    for (const { how, chatId, messages } of done) {
      const history = await until(`the history of ${how}`, async () => {
        const rows = await stage.outside.history(chatId);
        return rows.length >= messages.length && rows;
      });
      expect({ how, ids: history.map(({ messageId }) => messageId).sort() }).toEqual({
        how,
        ids: messages.map(({ messageId }) => messageId).sort(),
      });
      const numbered = history.filter(({ sequence }) => sequence !== undefined);
      expect({ how, numbered: numbered.map(({ messageId, sequence }) => [messageId, sequence]) }).toEqual({
        how,
        numbered: messages.filter((message) => message.numbered).map(({ messageId }, index) => [messageId, index + 1]),
      });
    }
  }, 60_000);
});

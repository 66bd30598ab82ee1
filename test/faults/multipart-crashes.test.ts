import type { FaultRule } from '../setup/edge-control.ts';
import { personNamed } from '../setup/sign-in.ts';
import type { TestSocket } from '../setup/socket.ts';
import { Stage } from '../setup/stage.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { announcementsIn, PartGroup, publishAll } from '../integration/multipart/part-group.ts';

/** Of all that makes a group complete: a role's calls of one action, and how often it makes them. */
type Calls = Required<Pick<FaultRule, 'service' | 'action' | 'role'>> & { count: number };

/** One call, and what befalls it. */
type Scenario = { rule: FaultRule; how: string; recoversLate: boolean };

const roles = ['multipart-completion', 'message-processor'];
const befalls: Record<string, FaultRule['fault']> = {
  'its host dies before it': { crash: true },
  'its host dies after it': { crash: 'after' },
  'it fails': { error: 'AccessDeniedException', statusCode: 400 },
  'it is throttled': { error: 'ThrottlingException', statusCode: 400 },
};

/**
 * A group of two numbered parts, in a chat of its own each time, so that none waits for another's queue group. Each time one call on the way from its parts to its announcement is struck. Which calls
 * there are is counted on a group that nothing befalls, so a call that is added later is struck, too.
 */
describe('whichever call fails between a group’s parts and its announcement', () => {
  let stage: Stage;
  let tables: Tables;
  let bob: TestSocket;
  let scenarios: Scenario[];
  const groups: { what: string; group: PartGroup }[] = [];

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    bob = await stage.listen('bob');
    await stage.grownUp();
    for (const what of ['cold', 'warm']) await completed(await begin(what));
    await stage.edge.resetCalls();
    await completed(await begin('counted'));
    scenarios = scenariosOf(await calls());
    for (const scenario of scenarios) await strike(scenario);
    for (const { group } of groups) await completed(group);
  }, 400_000);

  afterAll(async () => {
    tables.close();
    await stage.close();
  });

  async function begin(what: string): Promise<PartGroup> {
    const senderId = personNamed(stage.cloud.outputs, 'bob').userId;
    const chatId = `struck-${groups.length}`;
    const group = new PartGroup({ chatId, groupId: what, totalParts: 2, senderId, kind: 'numbered' });
    groups.push({ what, group });
    await stage.outside.grant(chatId, ['bob']);
    expect(await bob.request({ action: 'subscribe', chatIds: [chatId] })).toMatchObject({ refused: [] });
    await publishAll(stage.outside, group.records());
    return group;
  }

  /** Waits until the group's announcement has reached a subscriber. */
  async function completed(group: PartGroup): Promise<void> {
    await until(`the announcement, ${group.groupId}`, () => isCompleted(group), 90_000);
  }

  function isCompleted({ chatId }: PartGroup): boolean {
    return bob.messages(chatId).some(({ eventType }) => eventType === 'multipart.completed');
  }

  async function calls(): Promise<Calls[]> {
    const counted = (await stage.edge.calls()).filter(({ role, by }) => roles.includes(role) && by === 'function');
    const byAction = new Map<string, Calls>();
    for (const { role, service, action, count } of counted) {
      const key = `${role} ${action}`;
      const before = byAction.get(key)?.count ?? 0;
      // A transaction is counted once for each table that it touches.
      const seen = action === 'TransactWriteItems' ? Math.max(before, count) : before + count;
      byAction.set(key, { role, service, action, count: seen });
    }
    return [...byAction.values()];
  }

  /** The processor's crashes come last: the queue waits long before it hands their records out again. */
  function scenariosOf(all: Calls[]): Scenario[] {
    const each = all.flatMap(({ count, ...call }) =>
      Array.from({ length: count }, (_, skip) =>
        Object.entries(befalls).map(([how, fault]) => ({
          how: `${call.role}: ${call.action} ${skip + 1}, ${how}`,
          rule: { ...call, ...(skip > 0 && { skip }), times: 1, fault },
          recoversLate: call.role === 'message-processor' && 'crash' in fault,
        })),
      ).flat(),
    );
    return each.sort((a, b) => Number(a.recoversLate) - Number(b.recoversLate));
  }

  /** Two parts are one run or two, as the queue has it: a call that was not made this time is waited for with the next group. */
  async function strike({ rule, how, recoversLate }: Scenario): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await stage.edge.break(rule);
      const group = await begin(how);
      await until(`the fault, or the end: ${how}`, async () => (await struck()) || isCompleted(group));
      const done = await struck();
      if (!recoversLate) await completed(group);
      await stage.edge.mend();
      if (done) return;
    }
    throw new Error(`Never struck: ${how}`);
  }

  async function struck(): Promise<boolean> {
    return (await stage.edge.faults()).every((rule) => rule.struck === 1);
  }

  test('every call was struck, in every way', () => {
    const struck = new Set(scenarios.map(({ rule: { role, action } }) => `${role} ${action}`));
    expect([...struck].sort()).toEqual(
      [
        'message-processor PostToConnection',
        'message-processor Query',
        'message-processor StartExecution',
        'message-processor TransactWriteItems',
        'multipart-completion GetItem',
        'multipart-completion Publish',
        'multipart-completion Query',
        'multipart-completion UpdateItem',
      ].sort(),
    );
    process.stdout.write(`${scenarios.length} faults struck\n`);
  });

  test('each group has one announcement, with the ids of its parts, in a history without a gap that its subscriber has, too', async () => {
    for (const { what, group } of groups) {
      const { chatId, groupId, messageIds } = group;
      const history = await stage.outside.history(chatId);
      const announced = announcementsIn(history).map(({ eventType, content }) => ({ what, eventType, content }));
      const content = { groupId, totalParts: 2, messageIds };
      expect(announced).toEqual([{ what, eventType: 'multipart.completed', content }]);
      expect({ what, numbers: history.map(({ sequence }) => sequence) }).toEqual({ what, numbers: [1, 2, 3] });
      const heard = new Set(bob.messages(chatId).map(({ messageId }) => messageId));
      expect({ what, heard: [...heard].sort() }).toEqual({
        what,
        heard: history.map(({ messageId }) => messageId).sort(),
      });
    }
    expect(await stage.outside.deadLetters('Fifo')).toEqual([]);
  });

  test('every group is concluded', async () => {
    for (const { what, group } of groups) {
      const row = await until(`the end of ${what}`, async () => {
        const rows = await tables.rows('MultiPart', 'group', `${group.chatId}#${group.groupId}`);
        return rows.find(({ item, status }) => item === 'group' && status === 'completed');
      });
      expect(row).toMatchObject({ received: 2 });
      expect(row).not.toHaveProperty('openShard');
    }
  }, 60_000);
});

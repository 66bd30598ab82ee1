import type { FaultRule } from '../setup/edge-control.ts';
import type { TestSocket } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { Stage } from '../setup/stage.ts';

type Crash = { crash: true | 'after' };
type Scenario = {
  /** At which call of the processor it dies, and before or after the call took effect. */
  action: string;
  crash: Crash;
  /** What must go wrong beforehand, so that the processor makes this call at all. */
  first?: Partial<FaultRule> & Pick<FaultRule, 'action' | 'service' | 'fault'>;
  poison?: true;
};

const before: Crash = { crash: true };
const after: Crash = { crash: 'after' };
const failingPost = {
  service: 'execute-api',
  action: 'PostToConnection',
  fault: { error: 'InternalServerError', statusCode: 500 },
};
const failingCommit = {
  service: 'dynamodb',
  action: 'TransactWriteItems',
  fault: { error: 'AccessDeniedException', statusCode: 400 },
};
const goneSocket = {
  service: 'execute-api',
  action: 'PostToConnection',
  fault: { error: 'GoneException', statusCode: 410 },
};

const scenarios: Scenario[] = [
  { action: 'TransactWriteItems', crash: before },
  { action: 'TransactWriteItems', crash: after },
  { action: 'Query', crash: before },
  { action: 'PostToConnection', crash: before },
  { action: 'PostToConnection', crash: after },
  { action: 'SendMessageBatch', crash: before, first: failingPost },
  { action: 'SendMessageBatch', crash: after, first: failingPost },
  { action: 'ChangeMessageVisibilityBatch', crash: before, first: failingCommit },
  { action: 'ChangeMessageVisibilityBatch', crash: after, first: failingCommit },
  { action: 'SendMessage', crash: before, poison: true },
  { action: 'SendMessage', crash: after, poison: true },
  { action: 'BatchWriteItem', crash: before, first: goneSocket },
];

const services: Record<string, string> = {
  TransactWriteItems: 'dynamodb',
  Query: 'dynamodb',
  BatchWriteItem: 'dynamodb',
  PostToConnection: 'execute-api',
};

/**
 * Each crash befalls a chat, and so a FIFO group, of its own: one is struck after the other, and then all of them wait out the queue's
 * visibility timeout together.
 */
describe('a processor that dies at one of its calls', () => {
  let stage: Stage;
  const listeners = new Map<string, TestSocket[]>();
  const chatOf = ({ action, crash }: Scenario): string => `dies-${String(crash.crash)}-${action}`;

  beforeAll(async () => {
    stage = await Stage.start();
    const chats = scenarios.map(chatOf);
    const [bob, carol] = [await stage.listen('bob', ...chats), await stage.listen('carol', ...chats)];
    // The socket that a scenario declares gone is one of its own, so that the others keep their rows.
    const vera = await stage.listen('vera', ...scenarios.filter(({ first }) => first === goneSocket).map(chatOf));
    expect(vera.messages()).toEqual([]);
    for (const chat of chats) listeners.set(chat, [bob, carol]);
    await stage.grownUp();
    for (const scenario of scenarios) await strike(scenario);
  }, 90_000);

  afterAll(() => stage.close());

  async function strike(scenario: Scenario): Promise<void> {
    const { action, crash, first, poison } = scenario;
    if (first) await stage.edge.break({ role: 'message-processor', times: 1, ...first, ...(await whom(first)) });
    const service = services[action] ?? 'sqs';
    await stage.edge.break({ service, action, role: 'message-processor', times: 1, fault: crash });
    const chat = chatOf(scenario);
    if (poison) await stage.outside.publish('Fifo', [{ body: `poison for ${chat}`, groupId: chat }]);
    await stage.publish('Fifo', chat, ['one', 'two', 'three'], { generateSequence: true });
    await until(`the crash at ${action}`, async () => (await stage.edge.faults()).every(({ struck }) => struck === 1));
    await stage.edge.mend();
  }

  async function whom(first: Scenario['first']): Promise<{ resource?: string }> {
    if (first !== goneSocket) return {};
    const [connectionId = ''] = await stage.outside.connectionsOf('vera');
    return { resource: `arn:*/POST/@connections/${connectionId}` };
  }

  const cases = scenarios.map((scenario): [string, string, Scenario] => [
    scenario.crash === before ? 'before' : 'after',
    scenario.action,
    scenario,
  ]);
  test.each(cases)(
    '%s %s took effect: nothing is lost, numbers have no gap, everyone has what history has',
    async (_when, _action, scenario) => {
      const chat = chatOf(scenario);
      for (const socket of listeners.get(chat) ?? []) {
        await socket.next(({ chatId, content }) => chatId === chat && content === 'three', chat, 60_000);
      }
      const history = await stage.outside.history(chat);
      expect(history.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      const inHistory = history.map(({ messageId, sequence }) => [messageId, sequence]);
      for (const socket of listeners.get(chat) ?? []) {
        // A message whose processor died may come twice, under the same id and number.
        const view = new Map(socket.messages(chat).map(({ messageId, sequence }) => [messageId, sequence]));
        expect([...view].sort(([, a], [, b]) => Number(a) - Number(b))).toEqual(inHistory);
      }
      const letters = (await stage.outside.deadLetters('Fifo')).filter(({ body }) => body === `poison for ${chat}`);
      expect(letters).toHaveLength(scenario.poison ? 1 : 0);
    },
    70_000,
  );
});

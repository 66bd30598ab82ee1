import { DeadLetterQueues, type QueueName } from '../integration/redrive/dead-letter-queues.ts';
import { Operator } from '../integration/redrive/operator.ts';
import type { FaultRule } from '../setup/edge-control.ts';
import { Stage } from '../setup/stage.ts';
import { until } from '../setup/until.ts';

type Scenario = { how: string; rules: FaultRule[] };

const recorder = { role: 'dead-letter-recorder', times: 1 };
const put = { ...recorder, service: 'dynamodb', action: 'TransactWriteItems' };
const comeAgain = { ...recorder, service: 'sqs', action: 'ChangeMessageVisibilityBatch' };
const taken = { ...recorder, service: 'sqs', action: 'DeleteMessageBatch' };
const failed = { error: 'AccessDeniedException', statusCode: 400 };
const throttled = { error: 'ThrottlingException', statusCode: 400 };

/** Enough failures that the letters, tried one by one, all fail as well. */
const put5 = { ...put, times: 5, fault: failed };

const scenarios: Scenario[] = [
  { how: 'nothing', rules: [] },
  { how: 'the put fails', rules: [{ ...put, fault: failed }] },
  { how: 'the put is throttled', rules: [{ ...put, fault: throttled }] },
  { how: 'the put takes effect unheard', rules: [{ ...put, fault: { dropReply: true } }] },
  { how: 'it dies before the put', rules: [{ ...put, fault: { crash: true } }] },
  { how: 'it dies after the put', rules: [{ ...put, fault: { crash: 'after' } }] },
  { how: 'every put of the batch fails', rules: [put5] },
  { how: 'so does making them come again soon', rules: [put5, { ...comeAgain, fault: failed }] },
  { how: 'it dies while making them come again', rules: [put5, { ...comeAgain, fault: { crash: true } }] },
  { how: 'Lambda cannot delete what was recorded', rules: [{ ...taken, fault: failed }] },
];

/** Each scenario has four letters in one call, and in FIFO groups of its own; those that died wait out the visibility together. */
describe.each<QueueName>(['standard', 'fifo'])('whatever befalls the recorder of the %s queue', (queue) => {
  let stage: Stage;
  let queues: DeadLetterQueues;

  beforeAll(async () => {
    stage = await Stage.start();
    queues = new DeadLetterQueues(stage.cloud.outputs);
    for (const scenario of scenarios) await strike(scenario);
  }, 120_000);

  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  function bodiesOf({ how }: Scenario): string[] {
    return [1, 2, 3, 4].map((number) => `${how} ${number}`);
  }

  async function strike(scenario: Scenario): Promise<void> {
    for (const rule of scenario.rules) await stage.edge.break(rule);
    await queues.put(
      queue,
      bodiesOf(scenario).map((body) => ({
        body,
        groupId: scenario.how,
        attributes: { reason: 'why', stage: 'commit' },
      })),
    );
    await until(`the faults: ${scenario.how}`, async () =>
      (await stage.edge.faults()).every(({ struck }) => struck > 0),
    );
    await stage.edge.mend();
  }

  test('every letter is recorded once, and counted once', async () => {
    const expected = scenarios.flatMap(bodiesOf);
    const letters = await until(
      'every letter',
      async () => {
        const rows = await stage.outside.letters(queue);
        return rows.length >= expected.length && rows;
      },
      60_000,
    );
    expect(letters.map(({ body }) => body).sort()).toEqual([...expected].sort());
    await stage.outside.recorded(queue === 'fifo' ? 'MessagingFifoDeadLetters' : 'MessagingStandardDeadLetters');
    expect(await stage.outside.letters(queue)).toHaveLength(expected.length);
    expect(await new Operator(stage.cloud.outputs).waiting(queue)).toBe(expected.length);
    if (queue !== 'fifo') return;
    for (const scenario of scenarios) {
      const ofGroup = letters.filter(({ groupId }) => groupId === scenario.how);
      expect(ofGroup.map(({ body }) => body)).toEqual(bodiesOf(scenario));
    }
  }, 90_000);
});

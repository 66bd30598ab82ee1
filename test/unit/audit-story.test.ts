import type { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { type ExecutionEvent, ExecutionLogs, type LoggedExecution } from '../../local/audit/execution-logs.ts';
import { storyOf } from '../../local/audit/story.ts';
import { textOf } from '../../local/audit/story-text.ts';

const redriveId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const json = (value: unknown) => JSON.stringify(value);
const execution = (input: unknown, ...events: [type: string, details: object][]): LoggedExecution => ({
  arn: 'arn',
  events: [['ExecutionStarted', { input: json(input) }] as [string, object], ...events].map(
    ([type, details], index): ExecutionEvent => ({ type, at: 1000 * (index + 1), details: details as never }),
  ),
});
const order = { redriveId, queue: 'fifo', mode: 'redrive', filter: {}, reason: 'why', startedBy: 'olga (1)' };
const start = (...events: [string, object][]) => execution({ action: 'start', redrive: order }, ...events);
const generation = (number: number, ...events: [string, object][]) =>
  execution({ redriveId, queue: 'fifo', generation: number - 1 }, ...events);
const counts = (examined: number, redriven: number) => ({
  ...{ examined, matched: redriven, redriven, discarded: 0, skipped: 0, failed: 0 },
});
const batch = (state: string, examined: number, redriven: number): [string, object] => [
  'TaskSucceeded',
  { resourceType: 'lambda', output: json({ Payload: { state, counts: counts(examined, redriven) } }) },
];
const ends = (state: string, output: unknown = {}): [string, object][] => [
  ['SucceedStateEntered', { name: state }],
  ['ExecutionSucceeded', { output: json(output) }],
];

describe('the story of a redrive', () => {
  test('counts what a batch did, and what one before it did whose answer was lost', () => {
    const runs = [
      generation(
        1,
        batch('more', 10, 10),
        ['TaskFailed', { error: 'Lambda.TooManyRequestsException' }],
        batch('more', 30, 29),
      ),
      generation(2, batch('done', 35, 30), ...ends('Closed', { redriveId, status: 'completed', error: '' })),
    ];
    const { generations, counts: total, end } = storyOf(redriveId, [], runs);
    expect(generations.map(({ batches }) => batches.map((one) => one.counts?.redriven))).toEqual([[10, 19], [1]]);
    expect(generations.map(({ ended }) => ended)).toEqual(['unfinished', 'closed the redrive']);
    expect(generations[0]?.failedTries).toEqual([{ at: 3000, error: 'Lambda.TooManyRequestsException' }]);
    expect(total).toEqual(counts(35, 30));
    expect(end).toEqual({ at: expect.any(Number), status: 'completed' });
  });

  test('knows a start that was refused, and one of which no end is known', () => {
    const refused = storyOf(redriveId, [start(['ExecutionFailed', { error: 'Conflict', cause: 'X runs.' }])], []);
    expect(refused.start).toMatchObject({ answer: 'refused', why: 'Conflict: X runs.' });
    expect(textOf(refused)).toContain('answer   refused: Conflict: X runs.');
    const died = storyOf(redriveId, [start()], []);
    expect(died.start).toMatchObject({ answer: 'unknown' });
    expect(textOf(died)).toContain('No end of it is in the log');
  });

  test('leaves out executions that only speak of it', () => {
    const other = execution({
      action: 'start',
      redrive: { ...order, redriveId: 'other', reason: `after ${redriveId}` },
    });
    const cancel = execution({ action: 'cancel', redriveId: 'other', by: 'olga', reason: `as ${redriveId}` });
    const plan = execution({ action: 'plan', input: { filter: { reason: redriveId } } });
    expect(storyOf(redriveId, [other, cancel, plan], [])).toEqual({ redriveId, cancels: [], generations: [] });
  });

  test('names an execution that had nothing to do, and one that failed', () => {
    const late = generation(
      2,
      ['TaskFailed', { error: 'DynamoDb.ConditionalCheckFailedException' }],
      ...ends('NotItsTurn'),
    );
    const broken = generation(3, ['ExecutionFailed', { error: 'States.Runtime' }]);
    const story = storyOf(redriveId, [], [late, broken, generation(4, ['ExecutionTimedOut', {}])]);
    expect(story.generations.map(({ ended, failedTries }) => [ended, failedTries.length])).toEqual([
      ['not its turn', 0],
      ['failed', 0],
      ['timed out', 0],
    ]);
    expect(textOf(story)).toContain('finds that generation 2 is taken or the redrive over');
  });

  test('tells of a failed redrive, which an execution closed that then fails, how it ended and why', () => {
    const cause = json({ redriveId, status: 'failed', error: 'AccessDeniedException' });
    const story = storyOf(redriveId, [], [generation(1, ['ExecutionFailed', { error: 'RedriveFailed', cause }])]);
    expect(story.generations.map(({ ended }) => ended)).toEqual(['closed the redrive']);
    expect(story.end).toEqual({ at: 2000, status: 'failed', error: 'AccessDeniedException' });
    expect(textOf(story)).toContain('It failed at 1970-01-01T00:00:02.000Z: AccessDeniedException.');
  });

  test('is told of what the log has cut off as of nothing', () => {
    const cut = { arn: 'arn', events: [{ type: 'ExecutionStarted', at: 1, details: { input: '{"redriveId":' } }] };
    expect(storyOf(redriveId, [cut], [cut])).toEqual({ redriveId, cancels: [], generations: [] });
  });
});

describe('the logs', () => {
  const logged = (id: number, arn: string, type: string, at: number, details: object = {}) => ({
    message: json({ id: String(id), type, details, event_timestamp: String(at), execution_arn: arn }),
  });
  const events = [
    logged(1, 'late', 'ExecutionStarted', 50, { input: redriveId }),
    logged(2, 'early', 'ExecutionSucceeded', 20),
    logged(1, 'early', 'ExecutionStarted', 10, { input: redriveId }),
    logged(1, 'early', 'ExecutionStarted', 10, { input: redriveId }),
    logged(1, 'early', 'ExecutionStarted', 30, { input: redriveId }),
  ];

  test('are read page by page, an event that came twice as one, an execution that ran twice as it went', async () => {
    const asked: string[] = [];
    const client = {
      send: ({ input }: FilterLogEventsCommand) => {
        asked.push(`${input.filterPattern} from ${input.startTime}`);
        // The first page of each answer is empty, as CloudWatch's may be.
        if (input.nextToken === undefined) return Promise.resolve({ events: [], nextToken: 'more' });
        const arn = /execution_arn = "(\w+)"/.exec(input.filterPattern ?? '')?.[1];
        const wanted = arn ? `"execution_arn":"${arn}"` : '"type":"ExecutionStarted"';
        return Promise.resolve({ events: events.filter(({ message }) => message.includes(wanted)) });
      },
    } as unknown as CloudWatchLogsClient;
    const executions = await new ExecutionLogs(client).executionsAbout(redriveId, 'group', 5);
    expect(executions.map(({ arn, events: found }) => [arn, found.map(({ at }) => at)])).toEqual([
      ['early', [10, 20, 30]],
      ['late', [50]],
    ]);
    expect(asked[0]).toBe(`{ $.type = "ExecutionStarted" && $.details.input = "*${redriveId}*" } from 5`);
    expect(asked).toContain('{ $.execution_arn = "early" } from 5');
  });
});

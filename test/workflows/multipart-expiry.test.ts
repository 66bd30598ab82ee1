import '../unit/support/quiet.ts';
import { openShardOf } from '../../functions/domain/multipart/part.ts';
import type { ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { Workflow } from '../setup/workflow.ts';
import { Aws } from '../unit/support/aws.ts';
import { table } from '../unit/support/tables.ts';
import { callsTo } from './multipart-groups.ts';

const completionArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:multipart-completion';
const shards = Array.from({ length: 16 }, (_, index) => String(index).padStart(2, '0'));

interface Started {
  chatId: string;
  groupId: string;
  resume: boolean;
}

describe('multipart-expiry', () => {
  const workflow = new Workflow('multipart-expiry', {
    MultiPartTable: 'multi_part_table',
    MultiPartCompletionArn: completionArn,
  });
  let aws: Aws;
  const chatId = 'chat-1';

  beforeAll(async () => (aws = await Aws.start()));
  afterAll(() => aws.stop());
  afterEach(async () => {
    for (const { group, item } of await table('MULTI_PART_TABLE').all()) {
      await table('MULTI_PART_TABLE').delete({ group, item });
    }
    aws.reset();
  });

  function run(): Promise<ExecutionResult> {
    const { perform, name } = callsTo(aws);
    return workflow.run({}, perform, { name });
  }

  /** A group, as far as its index goes. */
  async function put(groupId: string, row: object = {}): Promise<void> {
    const group = `${chatId}#${groupId}`;
    const overdue = { openShard: openShardOf(group), deadline: Date.now() - 1 };
    await table('MULTI_PART_TABLE').put({ group, item: 'group', chatId, groupId, ...overdue, ...row });
  }

  function started(): Started[] {
    return aws.inputs<{ input: string }>('StartExecution').map(({ input }) => JSON.parse(input) as Started);
  }

  const startedIds = (): string[] => started().map(({ groupId }) => groupId);

  test('has multipart-completion resume every group whose deadline has passed, and no other', async () => {
    await put('overdue');
    await put('not yet', { deadline: Date.now() + 60_000 });
    await put('concluded', { openShard: undefined });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(started()).toEqual([{ chatId, groupId: 'overdue', resume: true }]);
    expect(aws.inputs('StartExecution')).toMatchObject([{ stateMachineArn: completionArn }]);
  });

  test('looks into every shard that a group can be in', async () => {
    for (const openShard of shards) await put(`in ${openShard}`, { openShard });
    await run();
    expect(startedIds().sort()).toEqual(shards.map((openShard) => `in ${openShard}`));
    const groups = Array.from({ length: 1000 }, (_, index) => openShardOf(`chat-${index}#file`));
    expect([...new Set(groups)].sort()).toEqual(shards);
  });

  test('goes through all pages of a shard', async () => {
    const groupIds = Array.from({ length: 250 }, (_, index) => `group ${index}`);
    await Promise.all(groupIds.map((groupId) => put(groupId, { openShard: '07' })));
    await run();
    expect(startedIds().sort()).toEqual(groupIds.sort());
    expect(aws.inputs('Query')).toHaveLength(shards.length + 2);
  });

  test('groups with the longest ids fit into a page', async () => {
    const groupIds = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(256, '\u0001'));
    await Promise.all(groupIds.map((groupId) => put(groupId, { openShard: '07', chatId: 'c'.repeat(128) })));
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(started()).toHaveLength(100);
  });

  test('a call that fails for a moment is made again', async () => {
    await put('overdue');
    aws.fail('Query', { error: 'ThrottlingException' }, { times: 3 });
    aws.fail('StartExecution', { error: 'ServiceUnavailable', status: 503 }, { times: 2 });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(new Set(startedIds())).toEqual(new Set(['overdue']));
  });

  test('a shard that cannot be read holds up no other, and the execution counts as failed', async () => {
    for (const openShard of shards) await put(`in ${openShard}`, { openShard });
    aws.fail(
      'Query',
      { error: 'AccessDeniedException' },
      { applies: (input) => JSON.stringify(input).includes('"03"') },
    );
    expect(await run()).toMatchObject({ status: 'FAILED', error: 'NotAllStarted' });
    expect(startedIds()).toHaveLength(15);
  });

  test('a group that cannot be started holds up no other, and the execution counts as failed', async () => {
    for (const groupId of ['a', 'b', 'c']) await put(groupId, { openShard: '00' });
    const ofB = (input: object): boolean => JSON.stringify(input).includes('\\"b\\"');
    aws.fail('StartExecution', { error: 'AccessDeniedException' }, { applies: ofB });
    expect(await run()).toMatchObject({ status: 'FAILED', error: 'NotAllStarted' });
    expect(new Set(startedIds())).toEqual(new Set(['a', 'b', 'c']));
  });

  test('these runs go through every state', () => {
    expect(workflow.states.filter((state) => !workflow.visited.has(state))).toEqual([]);
  });
});

import '../unit/support/quiet.ts';
import { Workflow } from '../setup/workflow.ts';
import { Aws } from '../unit/support/aws.ts';
import { table } from '../unit/support/tables.ts';
import { run } from './redrives.ts';

describe('permission-stream-watch', () => {
  const workflow = new Workflow('permission-stream-watch', { PermissionsTable: 'permissions_table', Beat: '!beat' });
  const key = { userId: '!beat', chatId: '!beat' };
  let aws: Aws;

  beforeAll(async () => (aws = await Aws.start()));
  afterAll(() => aws.stop());

  test('changes its row each time, and no other: what is written as it was is not in a stream', async () => {
    const beats = new Set<unknown>();
    for (let time = 0; time < 3; time += 1) {
      expect(await run(workflow, aws, {})).toMatchObject({ status: 'SUCCEEDED' });
      const row = await table('PERMISSIONS_TABLE').get(key);
      expect(row).toEqual({ ...key, beatAt: expect.stringMatching(/^\d{4}-.*Z$/) });
      beats.add(row?.['beatAt']);
    }
    expect(beats.size).toBe(3);
    expect(await table('PERMISSIONS_TABLE').all()).toHaveLength(1);
  });

  test('tries again what fails, and fails itself if nothing helps', async () => {
    aws.fail('UpdateItem', { error: 'InternalServerError', status: 500 }, { times: 2 });
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'SUCCEEDED' });
    aws.fail('UpdateItem', { error: 'AccessDeniedException' });
    expect(await run(workflow, aws, {})).toMatchObject({ status: 'FAILED' });
  });

  test('went through every state there is', () => {
    expect([...workflow.visited]).toEqual(workflow.states);
  });
});

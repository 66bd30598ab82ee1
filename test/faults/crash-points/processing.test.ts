import { Api } from '../../integration/graphql/api.ts';
import { Queues } from '../../integration/model/queues.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Crowd } from './crowd.ts';
import { leftBehind } from './left-behind.ts';
import { processing } from './processing.ts';
import type { World } from './scenario.ts';
import { breachesOf, strikeEverywhere, type Struck } from './strike.ts';
import { tell } from './tell.ts';
import { rolesOf } from './where.ts';
import { WorkQueues } from './work-queues.ts';

/**
 * Whichever call fails between the queues and everyone, all is well in the end: committing, delivering, giving up what nobody can read,
 * announcing that a group of parts is full. Every call is struck in every way, each time in a chat of its own.
 */
describe('whichever call fails between the queues and everyone', () => {
  let world: World;
  let queues: WorkQueues;
  let crowd: Crowd;
  let struck: Struck[];

  beforeAll(async () => {
    // A schedule's minute takes two seconds.
    const stage = await Stage.start({ arguments: ['--minute', '2'] });
    const { outputs } = stage.cloud;
    world = {
      stage,
      api: new Api(outputs),
      tables: await Tables.of(outputs),
      queues: await Queues.open(outputs),
    };
    queues = new WorkQueues(outputs);
    crowd = await Crowd.gather(world);
    struck = await strikeEverywhere(world, processing(world, crowd, queues));
  }, 600_000);

  afterAll(async () => {
    await crowd?.leave();
    await world?.queues.close();
    queues?.close();
    world?.tables.close();
    await world?.stage.close();
  }, 30_000);

  test('everyone has what history has, in order, and nobody else has anything', async () => {
    tell(struck);
    expect(await breachesOf(struck, 90_000)).toEqual([]);
  }, 120_000);

  test('every role that is struck here is', () => {
    expect([...new Set(struck.map(({ role }) => role))].toSorted()).toEqual(rolesOf('processing'));
  });

  test('nothing is left behind that nothing will clean up', async () => {
    const clean = async (): Promise<boolean> => (await leftBehind(world, queues)).length === 0;
    await until('nothing to be left behind', clean, 60_000).catch(() => undefined);
    expect(await leftBehind(world, queues)).toEqual([]);
  }, 90_000);
});

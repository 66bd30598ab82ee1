import { DeadLetterQueues } from '../../integration/redrive/dead-letter-queues.ts';
import { Api } from '../../integration/graphql/api.ts';
import { Queues } from '../../integration/model/queues.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Crowd } from './crowd.ts';
import { strikeExpiry } from './expiring.ts';
import { following } from './following.ts';
import { countBreaches, recording } from './letters.ts';
import { leftBehind } from './left-behind.ts';
import { fanningOut } from './processing.ts';
import { retrying } from './retrying.ts';
import type { World } from './scenario.ts';
import { breachesOf, strikeEverywhere, type Struck } from './strike.ts';
import { tell } from './tell.ts';
import { strikeWatches } from './watching.ts';
import { rolesOf } from './where.ts';
import { WorkQueues } from './work-queues.ts';

/**
 * Whichever call fails of those that nobody waits for, all is well in the end: posting to large chats and trying posts again, permissions
 * and the subscriptions that rest on them, dead letters, groups that are given up, what looks after others. Every call is struck in every way, each time in a chat
 * of its own.
 */
describe('whichever call fails behind everybody’s back', () => {
  let world: World;
  let queues: WorkQueues;
  let letters: DeadLetterQueues;
  const crowds: Crowd[] = [];
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
    letters = new DeadLetterQueues(outputs);
    for (let one = 0; one < 3; one += 1) crowds.push(await Crowd.gather(world));
    const vera = await stage.open('vera');
    await stage.grownUp();
    const [first, second, third] = crowds as [Crowd, Crowd, Crowd];

    const all = await Promise.all([
      strikeEverywhere(world, [
        fanningOut(world, first, queues),
        retrying(world, second, queues),
        [...following(world, vera), ...recording(world, letters)],
      ]),
      strikeExpiry(world, third),
      strikeWatches(world),
    ]);
    struck = all.flat();
  }, 600_000);

  afterAll(async () => {
    await Promise.all(crowds.map((crowd) => crowd.leave()));
    await world?.queues.close();
    queues?.close();
    letters?.close();
    world?.tables.close();
    await world?.stage.close();
  }, 30_000);

  test('everyone has what history has, in order, and nobody else has anything', async () => {
    tell(struck);
    expect(await breachesOf(struck, 90_000)).toEqual([]);
  }, 120_000);

  test('every role that is struck here is', () => {
    expect([...new Set(struck.map(({ role }) => role))].toSorted()).toEqual(rolesOf('deliveries'));
  });

  test('nothing is left behind that nothing will clean up', async () => {
    const clean = async (): Promise<boolean> => (await leftBehind(world, queues)).length === 0;
    await until('nothing to be left behind', clean, 60_000).catch(() => undefined);
    expect(await leftBehind(world, queues)).toEqual([]);
    expect(await countBreaches(world)).toEqual([]);
  }, 90_000);
});

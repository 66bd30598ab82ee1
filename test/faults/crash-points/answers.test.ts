import { Api } from '../../integration/graphql/api.ts';
import { Queues } from '../../integration/model/queues.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { asking } from './asking.ts';
import { connecting } from './connecting.ts';
import { App, Crowd } from './crowd.ts';
import { governing } from './governing.ts';
import { leftBehind } from './left-behind.ts';
import { publishing } from './publishing.ts';
import type { World } from './scenario.ts';
import { breachesOf, strikeEverywhere, type Struck } from './strike.ts';
import { tell } from './tell.ts';
import { callingNothing, rolesOf, where } from './where.ts';
import { WorkQueues } from './work-queues.ts';

/**
 * Whichever call fails of those that somebody waits for, they get what they asked for in the end, by asking again, and nobody else gets
 * anything. Every call of every scenario is struck in every way, each time in a chat of its own.
 */
describe('whichever call fails of those behind a question', () => {
  let world: World;
  let queues: WorkQueues;
  let crowd: Crowd;
  let apps: App[];
  let struck: Struck[];

  beforeAll(async () => {
    const stage = await Stage.start({ arguments: ['--minute', '2'] });
    const { outputs } = stage.cloud;
    world = { stage, api: new Api(outputs), tables: await Tables.of(outputs), queues: await Queues.open(outputs) };
    queues = new WorkQueues(outputs);
    crowd = await Crowd.gather(world);
    apps = ['bob', 'carol', 'vera', 'olga', 'ada'].map((username) => new App(world, username));
    await Promise.all(apps.map(({ client }) => client.connect()));
    const socket = await stage.open('bob');
    struck = await strikeEverywhere(world, [
      connecting(world),
      asking(world, apps, socket),
      [...publishing(world, crowd), ...governing(world)],
    ]);
  }, 600_000);

  afterAll(async () => {
    await Promise.all((apps ?? []).map(({ client }) => client.close()));
    await crowd?.leave();
    await world?.queues.close();
    queues?.close();
    world?.tables.close();
    await world?.stage.close();
  }, 30_000);

  test('everybody gets what they asked for, once, and nobody anything else', async () => {
    tell(struck);
    expect(await breachesOf(struck, 60_000)).toEqual([]);
    expect(apps.flatMap(({ surprises }) => surprises)).toEqual([]);
  }, 90_000);

  test('every role that is struck here is', () => {
    expect([...new Set(struck.map(({ role }) => role))].toSorted()).toEqual(rolesOf('answers'));
  });

  test('every role of the stack is struck here or in another suite', async () => {
    const statements = await world.stage.edge.policies();
    const roles = statements
      .map(({ role }) => role.split('/')[0] ?? '')
      // Policies of resources are named after these, in capitals.
      .filter((role) => /^[a-z]/.test(role) && role !== 'schedule');
    expect([...Object.keys(where), ...callingNothing].toSorted()).toEqual([...new Set(roles)].toSorted());
  });

  test('nothing is left behind that nothing will clean up', async () => {
    const clean = async (): Promise<boolean> => (await leftBehind(world, queues)).length === 0;
    await until('nothing to be left behind', clean, 60_000).catch(() => undefined);
    expect(await leftBehind(world, queues)).toEqual([]);
  }, 90_000);
});

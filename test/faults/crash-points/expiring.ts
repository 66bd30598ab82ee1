import { announcementsIn, PartGroup } from '../../integration/multipart/part-group.ts';
import type { ActiveFault, FaultRule } from '../../setup/edge-control.ts';
import { until } from '../../setup/until.ts';
import type { Crowd } from './crowd.ts';
import { kindsOf } from './kinds.ts';
import type { Trial, World } from './scenario.ts';
import type { Struck } from './strike.ts';
import { headOf, numberBreaches } from './talk.ts';

const role = 'multipart-expiry';

/** The partitions of the index that the workflow looks through, each in a query of its own. */
const shards = Array.from({ length: 16 }, (_none, number) => String(number).padStart(2, '0'));

/**
 * Groups whose last part never comes are given up by a schedule, whatever befalls the workflow that it starts: the schedule itself is the
 * input. One thing befalls the start of each group's end; and, round after round, the query of every shard.
 */
export async function strikeExpiry(world: World, crowd: Crowd): Promise<Struck[]> {
  const points = Object.entries(kindsOf('states')).map(([kind, fault], index) => {
    const about = `struck-${role}-${index}`;
    const rule: FaultRule = { role, service: 'states', action: 'StartExecution', about, times: 1, fault };
    return { role, how: `${role}: StartExecution 1, ${kind}`, rule, about };
  });
  await crowd.join(points.map(({ about }) => about));
  const added: ActiveFault[] = [];
  for (const { rule } of points) added.push(await world.stage.edge.break(rule));
  const struck: Struck[] = [];
  for (const { about, ...point } of points)
    struck.push({ ...point, trial: await incompleteGroup(world, crowd, about) });
  const [first] = struck;
  if (!first) throw new Error('Nothing can befall it');
  for (const [kind, fault] of Object.entries(kindsOf('dynamodb'))) {
    struck.push(...(await strikeQueries(world, kind, fault, first.trial)));
  }
  await Promise.all(added.map((rule, index) => wasStruck(world, rule, points[index]?.how ?? '')));
  return struck;
}

async function strikeQueries(world: World, kind: string, fault: FaultRule['fault'], trial: Trial): Promise<Struck[]> {
  const query = { role, service: 'dynamodb', action: 'Query', times: 1, fault };
  const points = shards.map((shard, index) => ({
    role,
    how: `${role}: Query ${index + 1}, ${kind}`,
    rule: { ...query, about: `{"S":"${shard}"}` },
    trial,
  }));
  const added: ActiveFault[] = [];
  for (const { rule } of points) added.push(await world.stage.edge.break(rule));
  await Promise.all(added.map((rule, index) => wasStruck(world, rule, points[index]?.how ?? '')));
  return points;
}

async function wasStruck({ stage }: World, rule: ActiveFault, how: string): Promise<void> {
  await until(how, async () => (await stage.edge.fault(rule)).struck > 0, 60_000);
}

/** Two parts of three; what is missing is announced, once. */
async function incompleteGroup(world: World, crowd: Crowd, chatId: string): Promise<Trial> {
  const senderId = world.api.userId('bob');
  const group = new PartGroup({ chatId, groupId: 'a file', totalParts: 3, senderId, kind: 'numbered' });
  await world.queues.deliver(group.records((part) => part !== 2));
  return {
    about: chatId,
    give: () => Promise.resolve(),
    async breaches() {
      if (crowd.listeners.some((app) => app.heard(chatId).length < 3)) return ['not everybody has heard of its end'];
      const history = await world.stage.outside.history(chatId);
      const announced = announcementsIn(history).map(({ eventType, content }) => [eventType, content['missingParts']]);
      const [row] = (await world.tables.rows('MultiPart', 'group', `${chatId}#${group.groupId}`)).filter(
        ({ item }) => item === 'group',
      );
      return [
        ...numberBreaches(history, await headOf(world, chatId)),
        ...(JSON.stringify(announced) === '[["multipart.incomplete",[2]]]'
          ? []
          : [`announced: ${JSON.stringify(announced)}`]),
        ...(row?.['status'] === 'incomplete' && row['openShard'] === undefined
          ? []
          : [`its group is ${JSON.stringify(row)}`]),
      ];
    },
  };
}

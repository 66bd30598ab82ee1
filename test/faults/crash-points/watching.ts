import { deadLetterQueues } from '../../../resolvers/rules/dead-letters.ts';
import { until } from '../../setup/until.ts';
import { kindsOf } from './kinds.ts';
import type { Trial, World } from './scenario.ts';
import type { Struck } from './strike.ts';

/** The workflows that look after others, and their calls. Their schedules are the input. */
const calls = [
  { role: 'dead-letter-watch', service: 'dynamodb', action: 'BatchGetItem' },
  { role: 'dead-letter-watch', service: 'cloudwatch', action: 'PutMetricData' },
  { role: 'permission-stream-watch', service: 'dynamodb', action: 'UpdateItem' },
];

/** Whatever befalls them, what they are there to tell is told again before long, and is true. */
export async function strikeWatches(world: World): Promise<Struck[]> {
  const struck: Struck[] = [];
  for (const call of calls) {
    for (const [kind, fault] of Object.entries(kindsOf(call.service))) {
      const how = `${call.role}: ${call.action} 1, ${kind}`;
      const rule = { ...call, times: 1, fault };
      const added = await world.stage.edge.break(rule);
      await until(how, async () => (await world.stage.edge.fault(added)).struck > 0, 60_000);
      struck.push({ role: call.role, how, rule, trial: toldSince(world, call.role, Date.now()) });
    }
  }
  await nothingElse(world);
  return struck;
}

/** A call that is added later must be added above. */
async function nothingElse({ stage }: World): Promise<void> {
  const others = (await stage.edge.calls()).filter(
    ({ role, action, by }) =>
      by === 'function' &&
      calls.some((known) => known.role === role) &&
      !calls.some((known) => known.role === role && known.action === action),
  );
  if (others.length > 0) throw new Error(`Not struck: ${others.map(({ role, action }) => `${role} ${action}`).join()}`);
}

function toldSince({ stage, tables }: World, role: string, since: number): Trial {
  const ofLetters = async (): Promise<string[]> => {
    const told = (await stage.edge.metrics()).filter(({ name }) => name === 'DeadLettersWaiting');
    const counts = await Promise.all(
      deadLetterQueues.map(async (queue) => {
        const latest = told.find(({ dimensions }) => dimensions['queue'] === queue)?.minutes.at(-1);
        const rows = await tables.rows('DeadLetters', 'queue', queue);
        const waiting = rows.filter(({ waitingIn }) => waitingIn !== undefined).length;
        if (!latest || Date.parse(latest.minute) < since) return [`nothing is told of ${queue}`];
        return latest.maximum === waiting ? [] : [`${latest.maximum} letters of ${queue} are told, ${waiting} wait`];
      }),
    );
    return counts.flat();
  };
  const ofStream = async (): Promise<string[]> => {
    const [row] = await tables.rows('Permissions', 'userId', '!beat');
    const ages = (await stage.edge.metrics()).find(
      ({ name, dimensions }) => name === 'IteratorAge' && dimensions['FunctionName']?.endsWith('-permission-stream'),
    );
    const handed = Date.parse(ages?.minutes.at(-1)?.minute ?? '1970-01-01');
    return [
      ...(Date.parse(String(row?.['beatAt'])) >= since ? [] : ['the stream is silent']),
      ...(handed >= since ? [] : ['permission-stream was handed nothing']),
    ];
  };
  return {
    about: role,
    give: () => Promise.resolve(),
    breaches: role === 'dead-letter-watch' ? ofLetters : ofStream,
  };
}

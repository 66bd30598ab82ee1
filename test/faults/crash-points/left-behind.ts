import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from './scenario.ts';
import type { WorkQueues } from './work-queues.ts';

/** Connections and subscriptions are to be gone a little after a socket's longest life, two hours. */
const longestLifeSeconds = 3 * 3_600;

/** What nothing would ever clean up: rows, leases, groups, executions and messages of which nobody is in charge. */
export async function leftBehind(world: World, queues: WorkQueues): Promise<string[]> {
  const { stage } = world;
  const [connections, subscriptions, redrives] = await Promise.all(
    (['Connections', 'Subscriptions', 'Redrives'] as const).map((table) => stage.outside.rows(table, {})),
  );
  const now = Date.now();
  const latest = now / 1000 + longestLifeSeconds;
  const endless = [...(connections ?? []), ...(subscriptions ?? [])].filter(
    ({ subscriber, expiresAt }) => subscriber !== '!large' && !(Number(expiresAt) <= latest),
  );
  return [
    ...endless.map((row) => `a row that never expires: ${JSON.stringify(row)}`),
    ...(redrives ?? [])
      .filter(({ redriveId, holder }) => String(redriveId).startsWith('lock#') && holder !== undefined)
      .map((lease) => `a lease is held: ${JSON.stringify(lease)}`),
    ...(redrives ?? [])
      .filter(({ status }) => status === 'running')
      .map((row) => `a redrive runs: ${JSON.stringify(row)}`),
    ...(await openGroups(world, now)),
    ...unfinished(stage.cloud.dataFolder).map((name) => `an execution has not ended: ${name}`),
    ...(await queues.left()),
  ];
}

/** Groups of parts that should have been concluded by now. */
async function openGroups({ tables }: World, now: number): Promise<string[]> {
  const shards = Array.from({ length: 16 }, (_none, number) => String(number).padStart(2, '0'));
  const rows = await Promise.all(shards.map((shard) => tables.rows('MultiPart', 'openShard', shard, 'openGroups')));
  return rows
    .flat()
    .filter(({ deadline }) => Number(deadline) < now - 30_000)
    .map((row) => `a group of parts is open: ${JSON.stringify(row)}`);
}

/** Executions that have begun and not ended, as the embedded cloud keeps them. */
function unfinished(dataFolder: string): string[] {
  const file = join(dataFolder, 'step-functions', 'unfinished.jsonl');
  if (!existsSync(file)) return [];
  const open = new Map<string, string>();
  for (const text of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const line = JSON.parse(text) as { began?: { arn: string; machineArn: string }; ended?: string };
    if (line.began) open.set(line.began.arn, line.began.machineArn);
    if (line.ended) open.delete(line.ended);
  }
  return [...open.values()];
}

import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from './client.ts';
import type { EngineClient } from './client.ts';
import type { Key, SweptRows } from './swept-rows.ts';

export interface ExpiringTable {
  tableName: string;
  /** The names of the key attributes. */
  keys: string[];
  /** The attribute that holds the time of expiry, a Number of epoch seconds. */
  timeToLiveAttribute: string;
}

const SWEEP_INTERVAL_MS = 1_000;
/** A sweep reads whole tables: on large ones it rests this many times as long as it took, so as to use 5% of the time at most. */
const REST_PER_WORK = 19;
/** Nor longer than this: a sweep may be slow because the machine is busy, whatever the tables' size. */
const LONGEST_REST_MS = 30_000;
const DELETIONS_AT_ONCE = 10;

/**
 * Deletes expired rows, about once a second. On AWS this may take days; code that leans on prompt deletion is wrong there, code that
 * never sees one is untested here. The engines' own TTL is not relied upon.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export function sweepExpiredRows(options: {
  engine: EngineClient;
  tables: ExpiringTable[];
  swept: SweptRows;
  /** A sweep failed; the next one tries again. */
  onError: (error: unknown) => void;
}): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const started = performance.now();
      for (const table of options.tables) {
        await sweep(options.engine, table, options.swept, stopping.signal).catch((error: unknown) => {
          if (!stopping.signal.aborted) {
            options.onError(error);
          }
        });
      }
      const rest = Math.max(
        SWEEP_INTERVAL_MS,
        Math.min(LONGEST_REST_MS, REST_PER_WORK * (performance.now() - started)),
      );
      await delay(rest, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function sweep(
  engine: EngineClient,
  table: ExpiringTable,
  swept: SweptRows,
  stopping: AbortSignal,
): Promise<void> {
  const now = String(Math.floor(Date.now() / 1_000));
  const names = Object.fromEntries(
    [...table.keys, table.timeToLiveAttribute].map((name, index) => [`#n${String(index)}`, name]),
  );
  const expiry = `#n${String(table.keys.length)}`;
  let ExclusiveStartKey: Key | undefined;
  do {
    const page = await engine.call<{ Items: Key[]; LastEvaluatedKey?: Key }>('DynamoDB_20120810.Scan', {
      TableName: table.tableName,
      // "The item must contain the attribute [...] as a Number": any other type never expires.
      FilterExpression: `attribute_type(${expiry}, :number) AND ${expiry} <= :now`,
      ProjectionExpression: Object.keys(names).join(', '),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':number': { S: 'N' }, ':now': { N: now } },
      ExclusiveStartKey,
    });
    for (let start = 0; start < page.Items.length && !stopping.aborted; start += DELETIONS_AT_ONCE) {
      const rows = page.Items.slice(start, start + DELETIONS_AT_ONCE);
      await Promise.all(rows.map((row) => remove(engine, table, swept, row)));
    }
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey && !stopping.aborted);
}

async function remove(
  engine: EngineClient,
  { tableName, keys, timeToLiveAttribute }: ExpiringTable,
  swept: SweptRows,
  row: Key,
): Promise<void> {
  const key = Object.fromEntries(Object.entries(row).filter(([name]) => keys.includes(name)));
  const expiry = String(row[timeToLiveAttribute]?.['N']);
  await swept.sweep(tableName, key, expiry, async () => {
    try {
      await engine.call('DynamoDB_20120810.DeleteItem', {
        TableName: tableName,
        Key: key,
        // A row renewed since the scan stays.
        ConditionExpression: '#expiry = :expiry',
        ExpressionAttributeNames: { '#expiry': timeToLiveAttribute },
        ExpressionAttributeValues: { ':expiry': { N: expiry } },
      });
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ConditionalCheckFailedException') {
        return false;
      }
      throw error;
    }
  });
}

import { join } from 'node:path';
import { type EngineClient, engineClient } from '../dynamodb/client.ts';
import { type Engine, startEngine } from '../dynamodb/engine.ts';
import { dynamoDbHandler } from '../dynamodb/handler.ts';
import { SweptRows } from '../dynamodb/swept-rows.ts';
import { provisionTable, type TableProperties } from '../dynamodb/tables.ts';
import { sweepExpiredRows } from '../dynamodb/ttl.ts';
import type { Backend } from '../edge/edge.ts';
import type { Stack } from '../template/stack.ts';

/** The stack's tables, running: DynamoDB as a backend of the edge. */
export type Tables = {
  backend: Backend;
  engine: Engine;
  client: EngineClient;
  swept: SweptRows;
  stop(): Promise<void>;
};

/** The names of the tables' partition keys, by table. */
export function partitionKeysOf(stack: Stack): ReadonlyMap<string, string> {
  return new Map(
    stack.ofType('AWS::DynamoDB::Table').map(({ ref, properties }) => {
      const { KeySchema } = properties as unknown as TableProperties;
      return [ref, KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? ''];
    }),
  );
}

/** Starts the engine, brings every table to the template, and sweeps expired rows from then on. */
export async function startTables(
  stack: Stack,
  dataFolder: string,
  onError: (error: unknown) => void,
): Promise<Tables> {
  const engine = await startEngine({ dataFolder: join(dataFolder, 'dynamodb') });
  const client = engineClient(engine.url);
  const tables = stack.ofType('AWS::DynamoDB::Table');
  await Promise.all(tables.map(({ ref, properties }) => provisionTable(client, ref, properties)));
  const swept = new SweptRows(join(dataFolder, 'dynamodb', 'swept-rows.jsonl'));
  const expiring = tables.flatMap(({ ref, properties }) => {
    const { KeySchema, TimeToLiveSpecification: ttl } = properties as Record<
      string,
      unknown
    > as unknown as TableProperties;
    if (!ttl?.Enabled || !ttl.AttributeName) return [];
    return [
      {
        tableName: ref,
        keys: KeySchema.map(({ AttributeName }) => AttributeName),
        timeToLiveAttribute: ttl.AttributeName,
      },
    ];
  });
  const sweeper = sweepExpiredRows({ engine: client, tables: expiring, swept, onError });
  const handler = dynamoDbHandler({ url: engine.url, ...stack.where });
  return {
    engine,
    client,
    swept,
    backend: (call) => handler.forward(call),
    async stop() {
      await sweeper.stop();
      handler.close();
      client.close();
      await engine.stop();
    },
  };
}

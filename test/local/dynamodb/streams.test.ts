import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DynamoDBRecord } from 'aws-lambda';
import { readStream } from '../../../local/dynamodb/streams.ts';
import type { StreamReader, StreamSettings } from '../../../local/dynamodb/streams.ts';
import { SweptRows } from '../../../local/dynamodb/swept-rows.ts';
import { provisionTable } from '../../../local/dynamodb/tables.ts';
import { sweepExpiredRows } from '../../../local/dynamodb/ttl.ts';
import { until } from '../../setup/until.ts';
import { accountId, permissions, region, row, startScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

const past = Math.floor(Date.now() / 1_000) - 60;
const future = Math.floor(Date.now() / 1_000) + 3_600;

describe('a table stream', () => {
  let scratch: Scratch;
  const readers: StreamReader[] = [];
  beforeAll(async () => {
    scratch = await startScratch();
  });
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.stop()));
  });
  afterAll(() => scratch.stop());

  const streamArnOf = (table: string) => `arn:aws:dynamodb:${region}:${accountId}:table/${table}/stream/embedded`;
  const read = (tableName: string, settings: Partial<StreamSettings> = {}) => {
    const records: DynamoDBRecord[] = [];
    const reader = readStream({
      client: scratch.engine,
      tableName,
      streamArn: streamArnOf(tableName),
      startingPosition: 'TRIM_HORIZON',
      onBatch: (batch) => {
        records.push(...batch);
        return Promise.resolve();
      },
      onError: (error) => {
        throw error;
      },
      ...settings,
    });
    readers.push(reader);
    return { records, reader };
  };
  const put = (table: string, user: string, expiresAt?: number) =>
    scratch.client.send(new PutItemCommand({ TableName: table, Item: row(user, 'chat-1', expiresAt) }));
  const usersOf = (records: DynamoDBRecord[]) => records.map(({ dynamodb }) => dynamodb?.Keys?.['userId']?.S);
  const atLeast = (records: DynamoDBRecord[], count: number) =>
    until(`${String(count)} records`, () => (records.length >= count ? records : undefined));

  it('comes in the shape Lambda gets', async () => {
    await provisionTable(scratch.engine, 'Shaped', permissions);
    await put('Shaped', 'ada');
    await scratch.client.send(
      new UpdateItemCommand({
        TableName: 'Shaped',
        Key: row('ada', 'chat-1'),
        UpdateExpression: 'SET grantedBy = :bob',
        ExpressionAttributeValues: { ':bob': { S: 'bob' } },
      }),
    );
    await scratch.client.send(new DeleteItemCommand({ TableName: 'Shaped', Key: row('ada', 'chat-1') }));
    const { records } = read('Shaped');
    await atLeast(records, 3);
    const granted = { ...row('ada', 'chat-1'), grantedBy: { S: 'bob' } };
    expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    expect(records[1]).toEqual({
      eventID: expect.any(String) as string,
      eventName: 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      eventSourceARN: streamArnOf('Shaped'),
      dynamodb: {
        Keys: row('ada', 'chat-1'),
        OldImage: row('ada', 'chat-1'),
        NewImage: granted,
        SequenceNumber: expect.any(String) as string,
        SizeBytes: expect.any(Number) as number,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        ApproximateCreationDateTime: expect.any(Number) as number,
      },
    });
    expect(records[2]?.dynamodb?.OldImage).toEqual(granted);
  });

  it('is read from its end by a reader that starts at LATEST', async () => {
    await provisionTable(scratch.engine, 'Latest', permissions);
    await put('Latest', 'before');
    const { records, reader } = read('Latest', { startingPosition: 'LATEST' });
    await reader.ready;
    await put('Latest', 'after');
    await atLeast(records, 1);
    expect(usersOf(records)).toEqual(['after']);
  });

  it.each(['TRIM_HORIZON', 'LATEST'] as const)(
    'goes on from the checkpoint after a restart, losing and repeating nothing (%s)',
    async (startingPosition) => {
      const table = `Resumed-${startingPosition}`;
      const settings = { startingPosition, checkpointFile: join(scratch.dataFolder, `${table}.json`) };
      await provisionTable(scratch.engine, table, permissions);
      const first = read(table, settings);
      await first.reader.ready;
      // An idle reader has a position too: nothing was written yet.
      await first.reader.stop();
      await put(table, 'one');
      const second = read(table, settings);
      await atLeast(second.records, 1);
      await second.reader.stop();
      await put(table, 'two');
      await scratch.restart();
      const third = read(table, settings);
      await atLeast(third.records, 1);
      await put(table, 'three');
      await atLeast(third.records, 2);
      expect([usersOf(second.records), usersOf(third.records)]).toEqual([['one'], ['two', 'three']]);
    },
  );

  it('gives a batch again that was not handled', async () => {
    await provisionTable(scratch.engine, 'Retried', permissions);
    await put('Retried', 'ada');
    const batches: (string | undefined)[][] = [];
    const errors: unknown[] = [];
    read('Retried', {
      onBatch: (batch) => {
        batches.push(usersOf(batch));
        return batches.length === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve();
      },
      onError: (error) => errors.push(error),
    });
    await until('the second try', () => batches[1]);
    expect(batches).toEqual([['ada'], ['ada']]);
    expect(errors).toEqual([new Error('not yet')]);
  });

  it('comes in batches no larger than asked for, in order', async () => {
    await provisionTable(scratch.engine, 'Batched', permissions);
    const users = Array.from({ length: 25 }, (_, index) => `user-${String(index).padStart(2, '0')}`);
    for (const user of users) {
      await put('Batched', user);
    }
    const sizes: number[] = [];
    const records: DynamoDBRecord[] = [];
    read('Batched', {
      batchSize: 10,
      onBatch: (batch) => {
        sizes.push(batch.length);
        records.push(...batch);
        return Promise.resolve();
      },
    });
    await atLeast(records, 25);
    expect(usersOf(records)).toEqual(users);
    expect(sizes).toEqual([10, 10, 5]);
  });

  it('does not make writes dear as it grows', async () => {
    const database = join(scratch.dataFolder, 'dynamodb.sqlite');
    if (!existsSync(database)) {
      return; // Only dynoxide needed help.
    }
    await provisionTable(scratch.engine, 'Grown', permissions);
    await put('Grown', 'first');
    const open = new DatabaseSync(database, { timeout: 5_000 });
    open.exec(
      `INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
       WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
       SELECT 'Grown', 'INSERT', '{}', CAST(i AS TEXT), 'shardId-00000001-Grown', 0 FROM n`,
    );
    open.close();
    await provisionTable(scratch.engine, 'Streamless', { ...permissions, StreamSpecification: undefined });
    const timeOf = async (table: string) => {
      const started = performance.now();
      for (let count = 0; count < 20; count += 1) {
        await put(table, `user-${String(count)}`);
      }
      return performance.now() - started;
    };
    // Reading 200,000 records takes some 60 ms, ten to fifty times as long as a write.
    expect(await timeOf('Grown')).toBeLessThan(5 * (await timeOf('Streamless')));
  });

  it("marks the TTL sweeper's deletions as DynamoDB marks its own, and no others, even after a restart", async () => {
    await provisionTable(scratch.engine, 'Expiring', permissions);
    const file = join(scratch.dataFolder, 'swept.jsonl');
    await put('Expiring', 'deleted-by-hand', past);
    await scratch.client.send(new DeleteItemCommand({ TableName: 'Expiring', Key: row('deleted-by-hand', 'chat-1') }));
    await put('Expiring', 'swept', past);
    await put('Expiring', 'alive', future);
    await put('Expiring', 'forever');
    const Item = { ...row('text', 'chat-1'), expiresAt: { S: String(past) } };
    await scratch.client.send(new PutItemCommand({ TableName: 'Expiring', Item }));
    const sweeper = sweepExpiredRows({
      engine: scratch.engine,
      tables: [{ tableName: 'Expiring', keys: ['userId', 'chatId'], timeToLiveAttribute: 'expiresAt' }],
      swept: new SweptRows(file),
      onError: (error) => {
        throw error;
      },
    });
    const removals = (records: DynamoDBRecord[]) => records.filter(({ eventName }) => eventName === 'REMOVE');
    const early = read('Expiring');
    await until('the row to be swept', () => removals(early.records)[1]);
    await sweeper.stop();

    const { records } = read('Expiring', { timeToLiveAttribute: 'expiresAt', swept: new SweptRows(file) });
    await atLeast(records, early.records.length);
    expect(
      removals(records).map(({ dynamodb, userIdentity }) => [dynamodb?.Keys?.['userId']?.S, userIdentity]),
    ).toEqual([
      ['deleted-by-hand', undefined],
      ['swept', { type: 'Service', principalId: 'dynamodb.amazonaws.com' }],
    ]);
  });
});

describe('knowledge of swept rows', () => {
  it('waits for the engine before it says whose deletion it was', async () => {
    const scratch = await startScratch();
    try {
      const swept = new SweptRows(join(scratch.dataFolder, 'swept.jsonl'));
      const key = { userId: { S: 'ada' } };
      const answer = Promise.withResolvers<boolean>();
      const sweeping = swept.sweep('Permissions', key, '1', () => answer.promise);
      const asked = swept.has('Permissions', key, '1');
      answer.resolve(false);
      await sweeping;
      expect(await asked).toBe(false);
      expect(await swept.has('Permissions', key, '1')).toBe(false);
    } finally {
      await scratch.stop();
    }
  });
});

import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { SendMessageCommand } from '@aws-sdk/client-sqs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionTable } from '../../local/dynamodb/tables.ts';
import { LambdaFunction } from '../../local/lambda/function.ts';
import {
  followStream,
  type StreamEventSource,
  streamClient,
  type StreamFollower,
} from '../../local/lambda/stream-event-source.ts';
import { eventNamesOf } from '../../local/lambda/stream-batches.ts';
import { startEdge } from '../../local/edge/edge.ts';
import { accountId, permissions, region, row, type Scratch, startScratch } from './dynamodb/scratch.ts';
import { until } from '../setup/until.ts';

const functionArn = `arn:aws:lambda:${region}:${accountId}:function:follower`;

/** Prints the users of each batch it gets; those named `bad…` fail, by an error or by name. */
const source = (failing: 'throws' | 'reports') => `
  export const handler = async ({ Records }) => {
    const users = Records.map(({ dynamodb }) => dynamodb.Keys.userId.S);
    console.log(JSON.stringify(users));
    const bad = Records.filter((_, index) => users[index].startsWith('bad'));
    if (${String(failing === 'throws')} && bad.length > 0) throw new Error('bad');
    return { batchItemFailures: bad.map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })) };
  };`;

describe('a function fed from a table stream', () => {
  let scratch: Scratch;
  let folder: string;
  const ending: (() => Promise<void>)[] = [];
  let tables = 0;

  beforeAll(async () => {
    scratch = await startScratch();
    folder = mkdtempSync(join(tmpdir(), 'streams-'));
  });
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await scratch.stop();
    rmSync(folder, { recursive: true });
  });

  /** A table with these users written in this order, all of them there before anyone reads. */
  async function tableOf(...users: string[]): Promise<string> {
    tables += 1;
    const table = `Followed-${tables}`;
    await provisionTable(scratch.engine, table, permissions);
    await put(table, ...users);
    return table;
  }

  async function put(table: string, ...users: string[]): Promise<void> {
    for (const user of users) {
      await scratch.client.send(new PutItemCommand({ TableName: table, Item: row(user, 'chat-1') }));
    }
  }

  function follow(tableName: string, failing: 'throws' | 'reports', rules: Partial<StreamEventSource> = {}) {
    const batches: string[][] = [];
    const notes: Record<string, unknown>[] = [];
    const bundle = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(bundle, source(failing));
    const definition = {
      ...{ name: 'follower', functionName: 'follower', functionArn, bundle, exportName: 'handler' },
      ...{ environment: {}, timeoutSeconds: 5, memoryMegabytes: 128 },
    };
    const target = new LambdaFunction(definition, 9, ({ line }) => {
      if (line.startsWith('["')) batches.push(JSON.parse(line) as string[]);
    });
    const follower: StreamFollower = followStream(
      {
        tableName,
        streamArn: `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}/stream/embedded`,
        startingPosition: 'TRIM_HORIZON',
        batchSize: 100,
        maximumRetryAttempts: 1,
        maximumRecordAgeSeconds: Infinity,
        bisectBatchOnFunctionError: false,
        reportBatchItemFailures: failing === 'reports',
        failureQueueUrl: 'https://sqs.local/failures',
        parallelizationFactor: 1,
        ...rules,
      },
      target,
      {
        stream: scratch.engine,
        sqs: {
          send: (({ input }: SendMessageCommand) => {
            notes.push(JSON.parse(input.MessageBody ?? '') as Record<string, unknown>);
            return Promise.resolve({});
          }) as never,
        },
      },
      (error) => {
        throw error;
      },
    );
    ending.push(
      () => target.stop(),
      () => follower.stop(),
    );
    return { follower, batches, notes };
  }

  const seen = (batches: string[][], count: number): Promise<string[][]> =>
    until(`${count} batches`, () => (batches.length >= count ? batches : undefined), 20_000);

  test('gets its records in order, and what is written later', async () => {
    const table = await tableOf('one', 'two');
    const { batches } = follow(table, 'throws');
    await seen(batches, 1);
    await put(table, 'three');
    expect((await seen(batches, 2)).flat()).toEqual(['one', 'two', 'three']);
  });

  test('an error brings the whole batch again, as often as allowed; then the stream goes on and the queue is told', async () => {
    const table = await tableOf('good', 'bad', 'other');
    const { batches, notes } = follow(table, 'throws', { maximumRetryAttempts: 2 });
    await until('the note', () => notes[0], 20_000);
    await put(table, 'later');
    const all = ['good', 'bad', 'other'];
    expect(await seen(batches, 4)).toEqual([all, all, all, ['later']]);
    expect(notes).toEqual([
      {
        requestContext: {
          requestId: expect.any(String) as string,
          functionArn,
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: 3,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        version: '1.0',
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        DDBStreamBatchInfo: {
          shardId: expect.stringMatching(/^shardId-/) as string,
          startSequenceNumber: expect.stringMatching(/^\d+$/) as string,
          endSequenceNumber: expect.stringMatching(/^\d+$/) as string,
          approximateArrivalOfFirstRecord: expect.stringMatching(/^\d{4}-.*:\d\dZ$/) as string,
          approximateArrivalOfLastRecord: expect.stringMatching(/^\d{4}-.*:\d\dZ$/) as string,
          batchSize: 3,
          streamArn: `arn:aws:dynamodb:${region}:${accountId}:table/${table}/stream/embedded`,
        },
      },
    ]);
  });

  test('bisection finds the one bad record, and halving is no retry', async () => {
    const table = await tableOf('a', 'b', 'bad', 'c');
    const { batches, notes } = follow(table, 'throws', { bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 });
    expect(await seen(batches, 5)).toEqual([['a', 'b', 'bad', 'c'], ['a', 'b'], ['bad', 'c'], ['bad'], ['c']]);
    expect(notes).toMatchObject([{ DDBStreamBatchInfo: { batchSize: 1 } }]);
  });

  test('named failures: what comes before the first is done, the rest comes again', async () => {
    const table = await tableOf('a', 'b', 'bad', 'c');
    const { batches, notes } = follow(table, 'reports', { bisectBatchOnFunctionError: true });
    // ['bad', 'c'] is what is left; it fails at once, so it is halved; one retry, and the stream goes on.
    const expected = [['a', 'b', 'bad', 'c'], ['bad', 'c'], ['bad'], ['bad'], ['c']];
    expect(await seen(batches, 5)).toEqual(expected);
    expect(notes).toMatchObject([{ responseContext: { functionError: null }, DDBStreamBatchInfo: { batchSize: 1 } }]);
  });

  test('records past the allowed age are given up', async () => {
    const table = await tableOf('bad');
    const { batches, notes } = follow(table, 'throws', { maximumRetryAttempts: Infinity, maximumRecordAgeSeconds: 2 });
    await until('the note', () => notes[0], 20_000);
    expect(notes).toMatchObject([{ requestContext: { condition: 'RecordAgeExceeded' } }]);
    await put(table, 'good');
    await until('the next record', () => batches.find((users) => users[0] === 'good'), 20_000);
  });

  test('a restart goes on after what was done, and brings again what was not', async () => {
    const table = await tableOf('one');
    const checkpointFile = join(folder, `${table}.json`);
    const first = follow(table, 'throws', { checkpointFile, maximumRetryAttempts: Infinity });
    await seen(first.batches, 1);
    await put(table, 'bad');
    await seen(first.batches, 3);
    await first.follower.stop();
    await put(table, 'two');
    const second = follow(table, 'reports', { checkpointFile, maximumRetryAttempts: 0 });
    await until('the new record', () => second.batches.find((users) => users.includes('two')), 20_000);
    expect(second.batches[0]?.[0]).toBe('bad');
  });

  test('batches side by side: one that fails holds up nobody else, and records of one item stay in order', async () => {
    const others = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const table = await tableOf('bad', ...others);
    for (const user of others) {
      await scratch.client.send(new DeleteItemCommand({ TableName: table, Key: row(user, 'chat-1') }));
    }
    const { batches } = follow(table, 'throws', { parallelizationFactor: 10, maximumRetryAttempts: 3 });
    const told = (user: string): number => batches.flat().filter((name) => name === user).length;
    await until('everybody else', () => others.filter((user) => told(user) >= 2).length >= 12 || undefined, 20_000);
    await until('the failing one, again and again', () => told('bad') === 4 || undefined, 20_000);
    for (const users of batches) {
      const kinds = (user: string) => users.filter((name) => name === user).length;
      // What is written and deleted again comes in one batch, in order.
      expect([...new Set(users)].filter((user) => others.includes(user) && kinds(user) !== 2)).toEqual([]);
    }
  });

  test('records that are filtered out never reach it, and are not read again', async () => {
    const table = await tableOf('one', 'two');
    const { batches } = follow(table, 'throws', { eventNames: new Set(['REMOVE']) });
    await scratch.client.send(new DeleteItemCommand({ TableName: table, Key: row('two', 'chat-1') }));
    await seen(batches, 1);
    await scratch.client.send(new DeleteItemCommand({ TableName: table, Key: row('one', 'chat-1') }));
    expect(await seen(batches, 2)).toEqual([['two'], ['one']]);
  });

  test('a filter that asks for more than names of events is refused', () => {
    const pattern = JSON.stringify({ eventName: ['REMOVE'], dynamodb: { Keys: { userId: { S: ['ada'] } } } });
    expect(() => eventNamesOf({ Filters: [{ Pattern: pattern }] })).toThrow('is not implemented');
    expect(eventNamesOf({ Filters: [{ Pattern: '{"eventName":["MODIFY","REMOVE"]}' }] })).toEqual(
      new Set(['MODIFY', 'REMOVE']),
    );
    expect(eventNamesOf(undefined)).toBeUndefined();
  });

  test('a role that may not read the stream is refused in the words of Lambda', async () => {
    const edge = await startEdge({ region, accountId, principals: [{ name: 'follower', policies: [] }], backends: {} });
    ending.push(() => edge.stop());
    expect(() =>
      streamClient(edge, 'follower', region, 'arn:aws:dynamodb:eu-west-1:000000000000:table/T/stream/s'),
    ).toThrow('Cannot access stream');
  });
});

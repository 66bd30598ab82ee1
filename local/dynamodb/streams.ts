import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import { Checkpoint } from './checkpoint.ts';
import type { Position } from './checkpoint.ts';
import { EngineError, engineClient } from './client.ts';
import type { EngineClient } from './client.ts';
import type { Key, SweptRows } from './swept-rows.ts';

// What differs between the engines, met here and in handler.ts:
// - dynoxide has one shard per stream that never ends, although it always states an EndingSequenceNumber; DynamoDB Local starts a child shard
//   every four hours and then ends the parent by a missing NextShardIterator, as AWS does. So only the missing iterator counts as an end.
// - Records name the region `dynoxide` or `ddblocal`, and carry no eventSourceARN (that is Lambda's to add).
// - DynamoDB Local cuts ApproximateCreationDateTime to the minute; it deletes expired rows itself as well, with userIdentity set.
// - TrimmedDataAccessException and ExpiredIteratorException are DynamoDB Local's alone.

export interface StreamSettings {
  /** Of the engine. */
  url: string;
  tableName: string;
  /** The stream's ARN in the stack; its region is the records' awsRegion. */
  streamArn: string;
  /** Where to begin when no checkpoint says more: with all there is, or with what comes after `ready`. */
  startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** Remembers what was handled, over restarts. */
  checkpointFile?: string;
  /** Of the table, with `swept`, to mark the sweeper's deletions as DynamoDB marks its own. */
  timeToLiveAttribute?: string;
  swept?: SweptRows;
  /** Most records in a batch, 1 to 1,000. */
  batchSize?: number;
  /**
   * Takes one batch, in order; the next one is read when it resolves. When it rejects, the same batch comes again after a pause: giving up on
   * records is the event source mapping's to decide.
   */
  onBatch: (records: DynamoDBRecord[]) => Promise<void>;
  /** Reading failed, or a batch did; it is tried again. */
  onError: (error: unknown) => void;
}

export interface StreamReader {
  /** Resolves once every later write is sure to be read, also by a reader that starts at LATEST. */
  ready: Promise<void>;
  /** Ends reading; resolves when a batch under way was handled. */
  stop(): Promise<void>;
}

interface Shard {
  ShardId: string;
  ParentShardId?: string;
}
interface Stream {
  arn: string;
  label: string;
  shards: Shard[];
}
type EngineRecord = DynamoDBRecord & { dynamodb: { SequenceNumber: string; Keys: Key; OldImage?: Key } };

const POLL_INTERVAL_MS = 50;
const PAUSE_AFTER_ERROR_MS = 500;
const MAX_BATCH = 1_000;

/**
 * Reads a table's stream as a Lambda event source does: every shard in order, parents before their children, at least once.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export function readStream(settings: StreamSettings): StreamReader {
  const engine = engineClient(settings.url);
  const reader = new Reader(engine, settings);
  const stopping = new AbortController();
  let report = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    report = resolve;
  });
  const running = (async () => {
    while (!stopping.signal.aborted) {
      let pause = POLL_INTERVAL_MS;
      try {
        await reader.open();
        report();
        pause = (await reader.round(stopping.signal)) ? 0 : POLL_INTERVAL_MS;
      } catch (error) {
        settings.onError(error);
        pause = PAUSE_AFTER_ERROR_MS;
      }
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    engine.close();
  })();
  return {
    ready,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

class Reader {
  readonly #engine: EngineClient;
  readonly #settings: StreamSettings;
  readonly #checkpoint: Checkpoint;
  readonly #ended = new Set<string>();
  readonly #iterators = new Map<string, string>();
  /** The stream as the engine names it, and its shards; read again when one of them ends. */
  #stream: Stream | undefined;
  #position: Position | undefined;

  constructor(engine: EngineClient, settings: StreamSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#checkpoint = new Checkpoint(settings.checkpointFile);
  }

  /** Finds the stream, and the position to read on from; at once when both are known. */
  async open(): Promise<void> {
    this.#stream ??= await this.#describe();
    this.#position ??= this.#checkpoint.of(this.#stream.label) ?? (await this.#begin(this.#stream));
  }

  /** Reads each open shard once; tells whether there was anything, so that more may follow. */
  async round(stopping: AbortSignal): Promise<boolean> {
    const shards = this.#stream?.shards ?? [];
    let found = false;
    for (const { ShardId, ParentShardId } of shards) {
      const waitsForParent =
        shards.some((shard) => shard.ShardId === ParentShardId) && !this.#ended.has(ParentShardId ?? '');
      if (this.#ended.has(ShardId) || waitsForParent || stopping.aborted) {
        continue;
      }
      const { records, next } = await this.#read(ShardId, this.#settings.batchSize ?? 100);
      const last = records.at(-1);
      if (last) {
        found = true;
        await this.#settings.onBatch(await Promise.all(records.map((record) => this.#asLambdaGetsIt(record))));
        this.#moveTo(ShardId, last.dynamodb.SequenceNumber);
      }
      this.#advance(ShardId, next);
    }
    return found;
  }

  async #describe(): Promise<Stream> {
    const { Streams } = await this.#engine.call<{ Streams: { StreamArn: string; StreamLabel: string }[] }>(
      'DynamoDBStreams_20120810.ListStreams',
      { TableName: this.#settings.tableName },
    );
    // A stream switched off and on again is a new one; DynamoDB Local still lists the old.
    const newest = Streams.sort((one, other) => (one.StreamLabel < other.StreamLabel ? 1 : -1))[0];
    if (!newest) {
      throw new Error(`Table ${this.#settings.tableName} has no stream.`);
    }
    const shards: Shard[] = [];
    let ExclusiveStartShardId: string | undefined;
    do {
      const { StreamDescription: page } = await this.#engine.call<{
        StreamDescription: { Shards: Shard[]; LastEvaluatedShardId?: string };
      }>('DynamoDBStreams_20120810.DescribeStream', { StreamArn: newest.StreamArn, ExclusiveStartShardId });
      shards.push(...page.Shards);
      ExclusiveStartShardId = page.LastEvaluatedShardId;
    } while (ExclusiveStartShardId);
    return { arn: newest.StreamArn, label: newest.StreamLabel, shards };
  }

  /**
   * The first position. LATEST is found by passing over all there is, and then kept like any other: a LATEST iterator names no place to return
   * to, so what is written between two runs of an idle reader would be lost.
   */
  async #begin({ label, shards }: Stream): Promise<Position> {
    const position: Position = { label, shards: {} };
    for (const { ShardId } of this.#settings.startingPosition === 'LATEST' ? shards : []) {
      position.shards[ShardId] = await this.#lastSequenceNumber(ShardId);
    }
    this.#checkpoint.save(position);
    return position;
  }

  async #lastSequenceNumber(shardId: string): Promise<string | null> {
    let last: string | null = null;
    for (;;) {
      const { records, next } = await this.#read(shardId, MAX_BATCH);
      last = records.at(-1)?.dynamodb.SequenceNumber ?? last;
      if (records.length === 0 || next === undefined) {
        return last;
      }
      this.#iterators.set(shardId, next);
    }
  }

  async #read(shardId: string, limit: number): Promise<{ records: EngineRecord[]; next: string | undefined }> {
    const iterator = this.#iterators.get(shardId) ?? (await this.#iteratorOf(shardId));
    // Kept only once its records were handled: until then a retry begins at the position again.
    this.#iterators.delete(shardId);
    const { Records, NextShardIterator } = await this.#engine.call<{
      Records: EngineRecord[];
      NextShardIterator?: string;
    }>('DynamoDBStreams_20120810.GetRecords', { ShardIterator: iterator, Limit: limit });
    return { records: Records, next: NextShardIterator };
  }

  #advance(shardId: string, next: string | undefined): void {
    if (next !== undefined) {
      this.#iterators.set(shardId, next);
      return;
    }
    this.#ended.add(shardId);
    this.#stream = undefined;
  }

  async #iteratorOf(shardId: string): Promise<string> {
    const shard = { StreamArn: this.#stream?.arn, ShardId: shardId };
    const after = this.#position?.shards[shardId];
    const request = (position: object) =>
      this.#engine.call<{ ShardIterator: string }>('DynamoDBStreams_20120810.GetShardIterator', {
        ...shard,
        ...position,
      });
    const fromStart = { ShardIteratorType: 'TRIM_HORIZON' };
    if (!after) {
      return (await request(fromStart)).ShardIterator;
    }
    try {
      return (await request({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after })).ShardIterator;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'TrimmedDataAccessException') {
        return (await request(fromStart)).ShardIterator;
      }
      throw error;
    }
  }

  #moveTo(shardId: string, sequenceNumber: string): void {
    if (this.#position) {
      this.#position = {
        ...this.#position,
        shards: { ...this.#position.shards, [shardId]: sequenceNumber },
      };
      this.#checkpoint.save(this.#position);
    }
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
  async #asLambdaGetsIt(record: EngineRecord): Promise<DynamoDBRecord> {
    const { streamArn, tableName, timeToLiveAttribute, swept } = this.#settings;
    const expiry = timeToLiveAttribute && record.dynamodb.OldImage?.[timeToLiveAttribute]?.['N'];
    const wasSwept =
      record.eventName === 'REMOVE' && expiry && (await swept?.has(tableName, record.dynamodb.Keys, String(expiry)));
    return {
      ...record,
      awsRegion: streamArn.split(':')[3] ?? '',
      eventSourceARN: streamArn,
      ...(wasSwept && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
    };
  }
}

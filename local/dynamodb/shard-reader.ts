import type { DynamoDBRecord } from 'aws-lambda';
import { Checkpoint } from './checkpoint.ts';
import type { Position } from './checkpoint.ts';
import { EngineError } from './client.ts';
import type { EngineClient } from './client.ts';
import type { StreamSettings } from './streams.ts';
import type { Key } from './swept-rows.ts';

interface Shard {
  ShardId: string;
  ParentShardId?: string;
}
interface Stream {
  arn: string;
  label: string;
  shards: Shard[];
}
/** What DynamoDB Local calls a deletion by its own TTL, which comes besides the sweeper's. */
const expiryOfDynamoDbLocal = 'UNKNOWN_TO_SDK_VERSION';

type EngineRecord = Omit<DynamoDBRecord, 'eventName'> & {
  eventName: Exclude<DynamoDBRecord['eventName'], undefined> | typeof expiryOfDynamoDbLocal;
  dynamodb: { SequenceNumber: string; Keys: Key; OldImage?: Key };
};

const MAX_BATCH = 1_000;

/** Reads the shards of one stream, a round at a time, and remembers how far it got. */
export class ShardReader {
  readonly #engine: EngineClient;
  readonly #settings: StreamSettings;
  readonly #checkpoint: Checkpoint;
  readonly #ended = new Set<string>();
  readonly #iterators = new Map<string, string>();
  /** The stream as the engine names it, and its shards; read again when one of them ends. */
  #stream: Stream | undefined;
  #position: Position | undefined;

  constructor(settings: StreamSettings) {
    this.#engine = settings.client;
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
        const batch = await Promise.all(records.map((record) => this.#asLambdaGetsIt(record)));
        await this.#settings.onBatch(batch, ShardId);
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
    const { Keys } = record.dynamodb;
    const expired = record.eventName === expiryOfDynamoDbLocal;
    const eventName = record.eventName === expiryOfDynamoDbLocal ? 'REMOVE' : record.eventName;
    const wasSwept =
      expired || (eventName === 'REMOVE' && expiry && (await swept?.has(tableName, Keys, String(expiry))));
    return {
      ...record,
      eventName,
      awsRegion: streamArn.split(':')[3] ?? '',
      eventSourceARN: streamArn,
      ...(wasSwept && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
    };
  }
}

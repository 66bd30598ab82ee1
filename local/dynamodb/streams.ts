import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';
import type { EngineClient } from './client.ts';
import { ShardReader } from './shard-reader.ts';
import type { SweptRows } from './swept-rows.ts';

// What differs between the engines, met here and in handler.ts:
// - dynoxide has one shard per stream that never ends, although it always states an EndingSequenceNumber; DynamoDB Local starts a child shard
//   every four hours and then ends the parent by a missing NextShardIterator, as AWS does. So only the missing iterator counts as an end.
// - Records name the region `dynoxide` or `ddblocal`, and carry no eventSourceARN (that is Lambda's to add).
// - DynamoDB Local cuts ApproximateCreationDateTime to the minute; it deletes expired rows itself as well, and says so by an event name that nobody else uses.
// - TrimmedDataAccessException and ExpiredIteratorException are DynamoDB Local's alone.

export interface StreamSettings {
  /** How the stream is asked: at the engine, or through the edge in somebody's name. */
  client: EngineClient;
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
  onBatch: (records: DynamoDBRecord[], shardId: string) => Promise<void>;
  /** Reading failed, or a batch did; it is tried again. */
  onError: (error: unknown) => void;
}

export interface StreamReader {
  /** Resolves once every later write is sure to be read, also by a reader that starts at LATEST. */
  ready: Promise<void>;
  /** Ends reading; resolves when a batch under way was handled. */
  stop(): Promise<void>;
}

const POLL_INTERVAL_MS = 100;
const PAUSE_AFTER_ERROR_MS = 500;

/**
 * Reads a table's stream as a Lambda event source does: every shard in order, parents before their children, at least once.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export function readStream(settings: StreamSettings): StreamReader {
  const reader = new ShardReader(settings);
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
  })();
  return {
    ready,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBRecord } from 'aws-lambda';

/** What becomes of records that a function fails at. */
export type RetryRules = {
  /** Retries of one batch; Infinity: until it is too old. */
  maximumRetryAttempts: number;
  /** Records older than this are given up; Infinity: none are. */
  maximumRecordAgeSeconds: number;
  bisectBatchOnFunctionError: boolean;
  reportBatchItemFailures: boolean;
};

/** Records given up, and how the function answered them last. */
export type Discarded = {
  records: DynamoDBRecord[];
  condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  invocations: number;
  /** Absent when it was never asked; `functionError` when it failed rather than named failures. */
  response?: { functionError?: 'Unhandled' };
};

export type Delivery = {
  invoke: (records: DynamoDBRecord[]) => Promise<unknown>;
  discard: (discarded: Discarded) => Promise<void>;
  stopping: AbortSignal;
};

type Batch = Pick<Discarded, 'records' | 'invocations' | 'response'> & { retries: number };

/** AWS says that it backs off exponentially, and not how fast. */
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Hands a batch to a function as Lambda does: in order, again what failed, and the next only when all of it is done or given up. A function
 * that names failures has done what comes before the first of them. With bisection a batch that failed is halved, which does not count as a
 * retry.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 * @throws when `stopping` before all is done: the batch must come again
 */
export async function deliver(records: DynamoDBRecord[], rules: RetryRules, delivery: Delivery): Promise<void> {
  const waiting: Batch[] = [{ records, retries: 0, invocations: 0 }];
  for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
    const young = await withoutOld(batch, rules, delivery);
    if (young.records.length === 0) continue;
    delivery.stopping.throwIfAborted();
    const { done, response } = await ask(young, rules, delivery);
    const left = { ...young, records: young.records.slice(done), invocations: young.invocations + 1, response };
    if (left.records.length === 0) continue;
    const parts = rules.bisectBatchOnFunctionError ? split(left, done) : [left];
    if (parts.length > 1 || done > 0) {
      waiting.unshift(...parts);
    } else if (left.retries >= rules.maximumRetryAttempts) {
      await delivery.discard({ ...left, condition: 'RetryAttemptsExhausted' });
      continue;
    } else {
      waiting.unshift({ ...left, retries: left.retries + 1 });
    }
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** left.retries);
    await delay(pause, undefined, { signal: delivery.stopping });
  }
}

async function withoutOld(batch: Batch, rules: RetryRules, { discard }: Delivery): Promise<Batch> {
  const oldest = Date.now() / 1000 - rules.maximumRecordAgeSeconds;
  const old = batch.records.filter((record) => writtenAt(record) < oldest);
  if (old.length > 0) await discard({ ...batch, records: old, condition: 'RecordAgeExceeded' });
  return { ...batch, records: batch.records.filter((record) => !old.includes(record)) };
}

/** How many records from the first on are done. */
async function ask(
  { records }: Batch,
  { reportBatchItemFailures }: RetryRules,
  { invoke }: Delivery,
): Promise<{ done: number; response: NonNullable<Discarded['response']> }> {
  try {
    const answer = await invoke(records);
    return { done: reportBatchItemFailures ? doneBefore(answer, records) : records.length, response: {} };
  } catch {
    return { done: 0, response: { functionError: 'Unhandled' } };
  }
}

/** The failure with the lowest number counts; an identifier that is none of the batch's fails all of it. */
function doneBefore(answer: unknown, records: DynamoDBRecord[]): number {
  const { batchItemFailures } = (answer ?? {}) as { batchItemFailures?: { itemIdentifier?: unknown }[] | null };
  if (!batchItemFailures || batchItemFailures.length === 0) return records.length;
  const positions = batchItemFailures.map(({ itemIdentifier }) =>
    records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === itemIdentifier),
  );
  return Math.max(0, Math.min(...positions));
}

/** Halves a batch that failed as a whole; one that failed in the middle was split there. */
function split(batch: Batch, done: number): Batch[] {
  const { records } = batch;
  if (done > 0 || records.length < 2) return [batch];
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)].map((part) => ({ ...batch, records: part }));
}

/** Epoch seconds. */
export function writtenAt({ dynamodb }: DynamoDBRecord): number {
  return dynamodb?.ApproximateCreationDateTime ?? 0;
}

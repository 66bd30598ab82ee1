import { createHash } from 'node:crypto';
import type { DynamoDBRecord } from 'aws-lambda';

/** FilterCriteria of an event source mapping. Of all that Lambda's patterns can say, lists of event names are implemented. */
export type FilterCriteria = { Filters?: { Pattern?: string }[] };

/**
 * The names of the events that pass one of the filters; nothing when there are none, and all pass.
 * @throws Error for a pattern that says more
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
 */
export function eventNamesOf(criteria: FilterCriteria | undefined): ReadonlySet<string> | undefined {
  const filters = criteria?.Filters ?? [];
  if (filters.length === 0) return undefined;
  return new Set(filters.flatMap(({ Pattern = '{}' }) => namesIn(Pattern)));
}

function namesIn(pattern: string): string[] {
  const { eventName, ...others } = JSON.parse(pattern) as { eventName?: unknown };
  const isList = Array.isArray(eventName) && eventName.every((name) => typeof name === 'string');
  if (!isList || Object.keys(others).length > 0) {
    throw new Error(`The filter pattern ${pattern} is not implemented: expected a list of event names alone`);
  }
  return eventName as string[];
}

/**
 * Divides records among batches that are handled at the same time. Those of one item stay together, in their order.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
 */
export function parallelBatches(records: DynamoDBRecord[], most: number): DynamoDBRecord[][] {
  return [...Map.groupBy(records, (record) => placeOf(record, most)).values()];
}

function placeOf({ dynamodb }: DynamoDBRecord, most: number): number {
  // The engine names the parts of a key in any order.
  const key = JSON.stringify(Object.entries(dynamodb?.Keys ?? {}).sort());
  return createHash('sha256').update(key).digest().readUInt32BE() % most;
}

import { isDeepStrictEqual } from 'node:util';
import type { EngineClient } from './client.ts';
import { comparable, settled } from './table-description.ts';
import type { Index, TableDescription, TableProperties } from './table-description.ts';

/** An index as the engine takes it. */
export function indexOnly({ IndexName, KeySchema, Projection }: Index): Index {
  return { IndexName, KeySchema, Projection };
}

/** Adds, drops and rebuilds secondary indexes. */
export async function updateIndexes(
  engine: EngineClient,
  name: string,
  existing: TableDescription,
  wanted: TableProperties,
): Promise<void> {
  const has = existing.GlobalSecondaryIndexes ?? [];
  const wants = wanted.GlobalSecondaryIndexes ?? [];
  const same = (one: Index, other: Index) =>
    one.IndexName === other.IndexName && isDeepStrictEqual(comparable(one, existing), comparable(other, wanted));
  const changes = [
    ...has
      .filter((index) => !wants.some((other) => same(index, other)))
      .map(({ IndexName }) => ({ Delete: { IndexName } })),
    ...wants.filter((index) => !has.some((other) => same(other, index))).map((index) => ({ Create: indexOnly(index) })),
  ];
  // DynamoDB takes one change of indexes per update.
  for (const change of changes) {
    await engine.call('DynamoDB_20120810.UpdateTable', {
      TableName: name,
      AttributeDefinitions: wanted.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [change],
    });
    await settled(engine, name);
  }
}

/** Switches the stream on, off, or to another view. */
export async function updateStream(
  engine: EngineClient,
  name: string,
  existing: TableDescription,
  wanted: TableProperties,
): Promise<void> {
  const has = existing.StreamSpecification?.StreamEnabled ? existing.StreamSpecification.StreamViewType : undefined;
  const wants = wanted.StreamSpecification?.StreamViewType;
  if (has === wants) {
    return;
  }
  const set = async (specification: object) => {
    await engine.call('DynamoDB_20120810.UpdateTable', { TableName: name, StreamSpecification: specification });
    await settled(engine, name);
  };
  // The view of a live stream cannot be changed: it is replaced, as CloudFormation does.
  if (has) {
    await set({ StreamEnabled: false });
  }
  if (wants) {
    await set({ StreamEnabled: true, StreamViewType: wants });
  }
}

export async function updateDeletionProtection(
  engine: EngineClient,
  name: string,
  existing: TableDescription,
  wanted: TableProperties,
): Promise<void> {
  const wants = wanted.DeletionProtectionEnabled ?? false;
  if ((existing.DeletionProtectionEnabled ?? false) !== wants) {
    await engine.call('DynamoDB_20120810.UpdateTable', { TableName: name, DeletionProtectionEnabled: wants });
    await settled(engine, name);
  }
}

/** Records the setting with the engine, so that DescribeTimeToLive tells the truth; the sweeping is ttl.ts's. */
export async function updateTimeToLive(engine: EngineClient, name: string, wanted: TableProperties): Promise<void> {
  const { TimeToLiveDescription: has } = await engine.call<{
    TimeToLiveDescription: { TimeToLiveStatus: string; AttributeName?: string };
  }>('DynamoDB_20120810.DescribeTimeToLive', { TableName: name });
  const current = has.TimeToLiveStatus === 'ENABLED' ? has.AttributeName : undefined;
  const wants = timeToLiveAttribute(wanted);
  const set = (AttributeName: string, Enabled: boolean) =>
    engine.call('DynamoDB_20120810.UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { AttributeName, Enabled },
    });
  if (current !== undefined && current !== wants) {
    await set(current, false);
  }
  if (wants !== undefined && current !== wants) {
    await set(wants, true);
  }
}

/** The attribute by which rows of a table expire, if they do. */
export function timeToLiveAttribute({
  TimeToLiveSpecification,
}: Pick<TableProperties, 'TimeToLiveSpecification'>): string | undefined {
  return TimeToLiveSpecification?.Enabled ? TimeToLiveSpecification.AttributeName : undefined;
}

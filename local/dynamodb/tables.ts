import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';
import { EngineError } from './client.ts';
import type { EngineClient } from './client.ts';

const noThrottling = { noEffect: 'local tables take all the traffic the machine can' };

/** The properties of https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html known here. */
export const tableProperties: Record<string, PropertySupport> = {
  TableName: 'implemented',
  KeySchema: 'implemented',
  AttributeDefinitions: 'implemented',
  GlobalSecondaryIndexes: 'implemented',
  LocalSecondaryIndexes: 'implemented',
  StreamSpecification: 'implemented',
  TimeToLiveSpecification: 'implemented',
  DeletionProtectionEnabled: 'implemented',
  BillingMode: noThrottling,
  ProvisionedThroughput: noThrottling,
  OnDemandThroughput: noThrottling,
  PointInTimeRecoverySpecification: { noEffect: 'the data folder can be copied' },
  SSESpecification: { noEffect: 'what the laptop stores is as safe as the laptop' },
  ContributorInsightsSpecification: { noEffect: 'there is no CloudWatch locally' },
  TableClass: { noEffect: 'storage costs nothing locally' },
  Tags: { noEffect: 'nothing local reads tags' },
};

const indexProperties: Record<string, PropertySupport> = {
  IndexName: 'implemented',
  KeySchema: 'implemented',
  Projection: 'implemented',
  ProvisionedThroughput: noThrottling,
  OnDemandThroughput: noThrottling,
  ContributorInsightsSpecification: { noEffect: 'there is no CloudWatch locally' },
};

interface KeyElement {
  AttributeName: string;
  KeyType: string;
}
interface AttributeDefinition {
  AttributeName: string;
  AttributeType: string;
}
interface Index {
  IndexName: string;
  KeySchema: KeyElement[];
  Projection: { ProjectionType?: string; NonKeyAttributes?: string[] };
}
/** The properties of AWS::DynamoDB::Table, intrinsics resolved, as far as they have an effect here. */
export interface TableProperties {
  KeySchema: KeyElement[];
  AttributeDefinitions: AttributeDefinition[];
  GlobalSecondaryIndexes?: Index[];
  LocalSecondaryIndexes?: Index[];
  StreamSpecification?: { StreamViewType: string };
  TimeToLiveSpecification?: { AttributeName?: string; Enabled: boolean };
  DeletionProtectionEnabled?: boolean;
}
/** A table as the engine describes it. */
interface TableDescription {
  TableStatus: string;
  KeySchema: KeyElement[];
  AttributeDefinitions: AttributeDefinition[];
  GlobalSecondaryIndexes?: (Index & { IndexStatus: string })[];
  LocalSecondaryIndexes?: Index[];
  StreamSpecification?: { StreamEnabled: boolean; StreamViewType: string };
  DeletionProtectionEnabled?: boolean;
}

const SETTLING_PROBE_MS = 100;
/** DynamoDB Local never ends dropping an index on the table's own key attributes. */
const SETTLING_TIMEOUT_MS = 20_000;

/**
 * Creates the table `name`, or brings the one that a former run left to what the template says now: its rows stay, indexes are added and
 * dropped, stream, TTL and deletion protection follow.
 * @param properties of AWS::DynamoDB::Table, intrinsics resolved
 * @throws Error when a property is not implemented, or when keys changed, which no table with data survives
 */
export async function provisionTable(engine: EngineClient, name: string, properties: object): Promise<void> {
  refuseUnknownProperties('AWS::DynamoDB::Table', properties, tableProperties);
  const wanted = properties as TableProperties;
  for (const index of [...(wanted.GlobalSecondaryIndexes ?? []), ...(wanted.LocalSecondaryIndexes ?? [])]) {
    refuseUnknownProperties(`AWS::DynamoDB::Table index ${index.IndexName}`, index, indexProperties);
  }
  const existing = await describe(engine, name);
  if (existing) {
    refuseChangedKeys(name, existing, wanted);
    await updateIndexes(engine, name, existing, wanted);
    await updateStream(engine, name, existing, wanted);
    await updateDeletionProtection(engine, name, existing, wanted);
  } else {
    await engine.call('DynamoDB_20120810.CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: wanted.KeySchema,
      AttributeDefinitions: wanted.AttributeDefinitions,
      GlobalSecondaryIndexes: wanted.GlobalSecondaryIndexes?.map(indexOnly),
      LocalSecondaryIndexes: wanted.LocalSecondaryIndexes?.map(indexOnly),
      StreamSpecification: wanted.StreamSpecification && { StreamEnabled: true, ...wanted.StreamSpecification },
      DeletionProtectionEnabled: wanted.DeletionProtectionEnabled,
    });
    await settled(engine, name);
  }
  await updateTimeToLive(engine, name, wanted);
}

async function describe(engine: EngineClient, name: string): Promise<TableDescription | undefined> {
  try {
    const { Table } = await engine.call<{ Table: TableDescription }>('DynamoDB_20120810.DescribeTable', {
      TableName: name,
    });
    return Table;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ResourceNotFoundException') {
      return undefined;
    }
    throw error;
  }
}

/** Waits until the table and its indexes can be used: DynamoDB Local builds and drops indexes in the background. */
async function settled(engine: EngineClient, name: string): Promise<void> {
  const deadline = Date.now() + SETTLING_TIMEOUT_MS;
  for (;;) {
    const table = await describe(engine, name);
    const statuses = [table?.TableStatus, ...(table?.GlobalSecondaryIndexes ?? []).map((index) => index.IndexStatus)];
    if (statuses.every((status) => status === 'ACTIVE')) {
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(`Table ${name} and its indexes are still ${statuses.join(', ')}. Start with --fresh.`);
    }
    await delay(SETTLING_PROBE_MS);
  }
}

function indexOnly({ IndexName, KeySchema, Projection }: Index): Index {
  return { IndexName, KeySchema, Projection };
}

function refuseChangedKeys(name: string, existing: TableDescription, wanted: TableProperties): void {
  const keys = (table: TableDescription | TableProperties) => ({
    table: keyTypes(table.KeySchema, table.AttributeDefinitions),
    local: Object.fromEntries(
      (table.LocalSecondaryIndexes ?? []).map((index) => [index.IndexName, comparable(index, table)]),
    ),
  });
  if (!isDeepStrictEqual(keys(existing), keys(wanted))) {
    throw new Error(
      `The keys of table ${name} changed, from ${JSON.stringify(keys(existing))} to ${JSON.stringify(keys(wanted))}: ` +
        'its rows cannot be kept. Start with --fresh.',
    );
  }
}

/** A key schema with its attributes' types, e.g. `chatId HASH S`: types of other attributes may come and go with indexes. */
function keyTypes(schema: KeyElement[], definitions: AttributeDefinition[]): string[] {
  return schema.map(({ AttributeName, KeyType }) => {
    const type = definitions.find((definition) => definition.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} ${KeyType} ${String(type)}`;
  });
}

function comparable(index: Index, table: TableDescription | TableProperties): object {
  return {
    keys: keyTypes(index.KeySchema, table.AttributeDefinitions),
    projection: index.Projection.ProjectionType ?? 'ALL',
    attributes: [...(index.Projection.NonKeyAttributes ?? [])].sort(),
  };
}

async function updateIndexes(
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

async function updateStream(
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

async function updateDeletionProtection(
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
async function updateTimeToLive(engine: EngineClient, name: string, wanted: TableProperties): Promise<void> {
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
export function timeToLiveAttribute({ TimeToLiveSpecification }: TableProperties): string | undefined {
  return TimeToLiveSpecification?.Enabled ? TimeToLiveSpecification.AttributeName : undefined;
}

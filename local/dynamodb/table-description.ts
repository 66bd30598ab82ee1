import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from './client.ts';
import type { EngineClient } from './client.ts';

export interface KeyElement {
  AttributeName: string;
  KeyType: string;
}
export interface AttributeDefinition {
  AttributeName: string;
  AttributeType: string;
}
export interface Index {
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
export interface TableDescription {
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

/** The table as it is, or undefined when there is none. */
export async function describe(engine: EngineClient, name: string): Promise<TableDescription | undefined> {
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
export async function settled(engine: EngineClient, name: string): Promise<void> {
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

/** A key schema with its attributes' types, e.g. `chatId HASH S`: types of other attributes may come and go with indexes. */
export function keyTypes(schema: KeyElement[], definitions: AttributeDefinition[]): string[] {
  return schema.map(({ AttributeName, KeyType }) => {
    const type = definitions.find((definition) => definition.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} ${KeyType} ${String(type)}`;
  });
}

/** What makes an index the same index, in a shape to compare. */
export function comparable(index: Index, table: TableDescription | TableProperties): object {
  return {
    keys: keyTypes(index.KeySchema, table.AttributeDefinitions),
    projection: index.Projection.ProjectionType ?? 'ALL',
    attributes: [...(index.Projection.NonKeyAttributes ?? [])].sort(),
  };
}

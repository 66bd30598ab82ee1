import { isDeepStrictEqual } from 'node:util';
import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport } from '../template/stack.ts';
import type { EngineClient } from './client.ts';
import { comparable, describe, keyTypes, settled } from './table-description.ts';
import type { TableDescription, TableProperties } from './table-description.ts';
import { indexOnly, updateDeletionProtection, updateIndexes, updateStream, updateTimeToLive } from './table-updates.ts';

export type { TableProperties };

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
  const stream = wanted.StreamSpecification;
  refuseUnknownProperties('AWS::DynamoDB::Table.StreamSpecification', stream ?? {}, { StreamViewType: 'implemented' });
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
      StreamSpecification: stream && { StreamEnabled: true, StreamViewType: stream.StreamViewType },
      DeletionProtectionEnabled: wanted.DeletionProtectionEnabled,
    });
    await settled(engine, name);
  }
  await updateTimeToLive(engine, name, wanted);
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

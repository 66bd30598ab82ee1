import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { engineClient } from '../../../local/dynamodb/client.ts';
import { provisionTable } from '../../../local/dynamodb/tables.ts';
import { accountId, permissions, region, row, startScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

describe('tables from the template', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await startScratch();
  });
  afterAll(() => scratch.stop());

  const described = async (TableName: string) => {
    const { Table } = await scratch.client.send(new DescribeTableCommand({ TableName }));
    return Table;
  };

  const indexesOf = async (name: string) => {
    const indexes = (await described(name))?.GlobalSecondaryIndexes ?? [];
    return indexes.map(({ IndexName, Projection }) => [IndexName, Projection?.ProjectionType]).sort();
  };
  const withGranterIndex = (ProjectionType: string) => ({
    ...permissions,
    AttributeDefinitions: [...permissions.AttributeDefinitions, { AttributeName: 'grantedBy', AttributeType: 'S' }],
    GlobalSecondaryIndexes: [
      ...permissions.GlobalSecondaryIndexes,
      {
        IndexName: 'byGranter',
        KeySchema: [{ AttributeName: 'grantedBy', KeyType: 'HASH' }],
        Projection: { ProjectionType },
      },
    ],
  });

  it('are created with keys, indexes, stream and TTL', async () => {
    await provisionTable(scratch.engine, 'Created', permissions);
    expect(await described('Created')).toMatchObject({
      KeySchema: permissions.KeySchema,
      GlobalSecondaryIndexes: [{ IndexName: 'byChat', IndexStatus: 'ACTIVE' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      DeletionProtectionEnabled: false,
    });
    const ttl = await scratch.client.send(new DescribeTimeToLiveCommand({ TableName: 'Created' }));
    expect(ttl.TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
  });

  it("bear the stack's region and account in every ARN", async () => {
    await provisionTable(scratch.engine, 'Named', permissions);
    const table = await described('Named');
    const prefix = `arn:aws:dynamodb:${region}:${accountId}:table/Named`;
    expect(table?.TableArn).toBe(prefix);
    expect(table?.LatestStreamArn).toBe(`${prefix}/stream/${String(table?.LatestStreamLabel)}`);
    expect(table?.GlobalSecondaryIndexes?.[0]?.IndexArn).toBe(`${prefix}/index/byChat`);
  });

  it('are known by the ARNs they bear, and their streams, too', async () => {
    await provisionTable(scratch.engine, 'Known', permissions);
    const StreamArn = (await described('Known'))?.LatestStreamArn;
    const outside = engineClient(scratch.endpoint);
    const { StreamDescription } = await outside.call<{ StreamDescription: unknown }>(
      'DynamoDBStreams_20120810.DescribeStream',
      { StreamArn },
    );
    expect(StreamDescription).toMatchObject({ StreamArn, TableName: 'Known' });
    outside.close();
  });

  it('pass rows unread, even those that look like an ARN of the engine', async () => {
    await provisionTable(scratch.engine, 'Unread', permissions);
    const item = row('ada', 'arn:aws:dynamodb:dynoxide:000000000000:table/Unread');
    await scratch.client.send(new PutItemCommand({ TableName: 'Unread', Item: item }));
    const { Items } = await scratch.client.send(
      new QueryCommand({
        TableName: 'Unread',
        KeyConditionExpression: 'userId = :ada',
        ExpressionAttributeValues: { ':ada': { S: 'ada' } },
      }),
    );
    expect(Items).toEqual([item]);
  });

  it('keep their rows when provisioned again', async () => {
    await provisionTable(scratch.engine, 'Again', permissions);
    await scratch.client.send(new PutItemCommand({ TableName: 'Again', Item: row('ada', 'chat-1') }));
    const before = await described('Again');
    await provisionTable(scratch.engine, 'Again', permissions);
    const after = await described('Again');
    expect(after?.TableId).toBe(before?.TableId);
    expect(after?.LatestStreamArn).toBe(before?.LatestStreamArn);
  });

  it('gain a new index over the rows they have, and lose one that went away', async () => {
    await provisionTable(scratch.engine, 'Indexed', permissions);
    const Item = { ...row('ada', 'chat-1'), grantedBy: { S: 'bob' } };
    await scratch.client.send(new PutItemCommand({ TableName: 'Indexed', Item }));
    await provisionTable(scratch.engine, 'Indexed', withGranterIndex('ALL'));
    const { Items } = await scratch.client.send(
      new QueryCommand({
        TableName: 'Indexed',
        IndexName: 'byGranter',
        KeyConditionExpression: 'grantedBy = :bob',
        ExpressionAttributeValues: { ':bob': { S: 'bob' } },
      }),
    );
    expect(Items).toEqual([Item]);
    expect(await indexesOf('Indexed')).toEqual([
      ['byChat', 'ALL'],
      ['byGranter', 'ALL'],
    ]);
    await provisionTable(scratch.engine, 'Indexed', permissions);
    expect(await indexesOf('Indexed')).toEqual([['byChat', 'ALL']]);
  });

  it('rebuild an index whose projection changed', async () => {
    await provisionTable(scratch.engine, 'Projected', withGranterIndex('ALL'));
    await provisionTable(scratch.engine, 'Projected', withGranterIndex('KEYS_ONLY'));
    expect(await indexesOf('Projected')).toEqual([
      ['byChat', 'ALL'],
      ['byGranter', 'KEYS_ONLY'],
    ]);
  });

  it('follow changes of stream, TTL attribute and deletion protection', async () => {
    await provisionTable(scratch.engine, 'Changed', permissions);
    await provisionTable(scratch.engine, 'Changed', {
      ...permissions,
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
      TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
      DeletionProtectionEnabled: true,
    });
    expect(await described('Changed')).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      DeletionProtectionEnabled: true,
    });
    const ttl = await scratch.client.send(new DescribeTimeToLiveCommand({ TableName: 'Changed' }));
    expect(ttl.TimeToLiveDescription?.AttributeName).toBe('until');
  });

  it('refuse changed keys, pointing to --fresh', async () => {
    await provisionTable(scratch.engine, 'Keyed', permissions);
    const reversed = { ...permissions, KeySchema: [{ AttributeName: 'chatId', KeyType: 'HASH' }] };
    await expect(provisionTable(scratch.engine, 'Keyed', reversed)).rejects.toThrow(/keys of table Keyed.*--fresh/);
  });

  it.each([
    ['a property', { ...permissions, ResourcePolicy: {} }, 'AWS::DynamoDB::Table.ResourcePolicy'],
    [
      'a property of an index',
      { ...permissions, GlobalSecondaryIndexes: [{ IndexName: 'byChat', WarmThroughput: {} }] },
      'index byChat.WarmThroughput',
    ],
  ])('refuse %s that is not implemented, by name', async (_what, properties, name) => {
    await expect(provisionTable(scratch.engine, 'Refused', properties)).rejects.toThrow(name);
  });
});

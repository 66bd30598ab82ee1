import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { PermissionRow } from '../../resolvers/rules/permission.ts';
import type { Expression, Write } from '../../resolvers/rules/writes.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';

type Item = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * Writes all of it or nothing. A try whose answer was lost is repeated by the SDK under the same token, and so not done twice.
 *
 * @returns nothing once it is written; why not, item by item, when DynamoDB cancelled it. Other AWS errors are thrown.
 */
export async function writeTogether(writes: readonly Write[]): Promise<string[] | undefined> {
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: writes.map(itemOf) }));
    return undefined;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
  }
}

function itemOf(write: Write): Item {
  const TableName = write.table === 'chats' ? environment.chatsTable : environment.permissionsTable;
  const condition = write.condition && { ConditionExpression: write.condition.expression };
  switch (write.operation) {
    case 'PutItem':
      return {
        Put: {
          TableName,
          Item: { ...write.key, ...write.attributes },
          ...condition,
          ...placeholdersOf(write.condition),
        },
      };
    case 'UpdateItem':
      return {
        Update: {
          TableName,
          Key: write.key,
          UpdateExpression: write.update.expression,
          ...condition,
          ...placeholdersOf(write.update, write.condition),
        },
      };
    case 'DeleteItem':
      return { Delete: { TableName, Key: write.key, ...condition, ...placeholdersOf(write.condition) } };
    case 'ConditionCheck':
      return {
        ConditionCheck: {
          TableName,
          Key: write.key,
          ConditionExpression: write.condition.expression,
          ...placeholdersOf(write.condition),
        },
      };
  }
}

/** DynamoDB takes names and values of all of an item's expressions together, and no empty lists of them. */
function placeholdersOf(...expressions: (Expression | undefined)[]) {
  const names = Object.assign({}, ...expressions.map((expression) => expression?.names)) as Record<string, string>;
  const values = Object.assign({}, ...expressions.map((expression) => expression?.values)) as Record<string, unknown>;
  return {
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

/** Some permissions of one person, by chat; expired ones are among them. */
export interface PermissionRows {
  rows: PermissionRow[];
  /** Whether more follow. */
  more: boolean;
}

/**
 * Reads permissions of one person, strongly.
 *
 * @param after the chat that the ones before ended with; none: from the first.
 * @param most rows, few enough for the 1 MB of one answer
 *   (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html).
 */
export async function readPermissionsOf(
  userId: string,
  after: string | undefined,
  most: number,
): Promise<PermissionRows> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.permissionsTable,
      KeyConditionExpression: after === undefined ? 'userId = :userId' : 'userId = :userId AND chatId > :after',
      ExpressionAttributeValues: { ':userId': userId, ...(after !== undefined && { ':after': after }) },
      Limit: most + 1,
      ConsistentRead: true,
    }),
  );
  return {
    rows: Items.slice(0, most) as PermissionRow[],
    more: Items.length > most || LastEvaluatedKey !== undefined,
  };
}

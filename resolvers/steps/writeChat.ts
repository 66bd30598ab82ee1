import { type Context, type DynamoDBTransactWriteItemsRequest, util } from '@aws-appsync/utils';
import { permissionKey } from '../permission.ts';
import { refuse, refuseDynamoDbError } from '../refusals.ts';

/**
 * Writes the chat in `ctx.stash` and makes its creator admin. A name is free while Chats holds no row of it, whoever made the
 * row: a grant, or the message processor, whose rows hold only `sequence`. Such a chat has history, which must not fall to
 * whoever thinks of creating it.
 */
export function request(ctx: Context): DynamoDBTransactWriteItemsRequest {
  const { chatId, createdBy, createdAt } = ctx.stash as Stash;
  return {
    operation: 'TransactWriteItems',
    transactItems: [
      {
        table: ctx.env.CHATS_TABLE as string,
        operation: 'PutItem',
        key: util.dynamodb.toMapValues({ chatId }),
        attributeValues: util.dynamodb.toMapValues({ adminCount: 1, createdBy, createdAt }),
        condition: { expression: 'attribute_not_exists(chatId)', returnValuesOnConditionCheckFailure: true },
      },
      {
        table: ctx.env.PERMISSIONS_TABLE as string,
        operation: 'PutItem',
        key: permissionKey(createdBy, chatId),
        attributeValues: util.dynamodb.toMapValues({ role: 'admin', grantedBy: createdBy, grantedAt: createdAt }),
      },
    ],
  };
}

export function response(ctx: Context): null {
  if (!ctx.error) return null;
  const { createdBy, createdAt } = ctx.stash as Stash;
  const reasons = (ctx.result?.cancellationReasons ?? []) as Reason[];
  const reason = reasons[0];
  if (!reason || reason.type.indexOf('CheckFailed') < 0) refuseDynamoDbError(ctx.error, reasons);
  // A try whose answer was lost, repeated on the way to DynamoDB, meets the row it wrote itself.
  const ours = reason.item?.createdBy === createdBy && reason.item.createdAt === createdAt;
  if (!ours) refuse('Conflict', 'A chat of this name exists already.');
  return null;
}

interface Stash {
  chatId: string;
  createdBy: string;
  createdAt: string;
}

interface Reason {
  type: string;
  item?: { createdBy?: string; createdAt?: string } | null;
}

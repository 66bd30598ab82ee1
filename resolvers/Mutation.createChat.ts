import { type Context, type DynamoDBTransactWriteItemsRequest, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import type { Chat, MutationCreateChatArgs } from './generated/schema.ts';
import { idOf } from './inputs.ts';
import { permissionKey } from './permission.ts';
import { refuse, refuseDynamoDbError } from './refusals.ts';
import { looksLikeUserId } from './rules/ids.ts';

/**
 * A name is free while Chats holds no row of it, whoever made the row: a grant, or the message processor, whose rows
 * hold only `sequence`. Such a chat has history, which must not fall to whoever thinks of creating it.
 */
export function request(ctx: Context<MutationCreateChatArgs>): DynamoDBTransactWriteItemsRequest {
  const caller = callerOf(ctx);
  const given = ctx.args.chatId;
  const chatId = given === null || given === undefined ? util.autoUlid() : idOf('chatId', given);
  if (chatId === given && looksLikeUserId(chatId)) {
    refuse(
      'InvalidInput',
      "Invalid chatId: it has the shape of a user id, and the chat of that name is that user's own",
    );
  }
  const now = util.time.nowISO8601();
  ctx.stash.chatId = chatId;
  ctx.stash.createdAt = now;
  return {
    operation: 'TransactWriteItems',
    transactItems: [
      {
        table: ctx.env.CHATS_TABLE as string,
        operation: 'PutItem',
        key: util.dynamodb.toMapValues({ chatId }),
        attributeValues: util.dynamodb.toMapValues({ adminCount: 1, createdBy: caller.userId, createdAt: now }),
        condition: { expression: 'attribute_not_exists(chatId)', returnValuesOnConditionCheckFailure: true },
      },
      {
        table: ctx.env.PERMISSIONS_TABLE as string,
        operation: 'PutItem',
        key: permissionKey(caller.userId, chatId),
        attributeValues: util.dynamodb.toMapValues({ role: 'admin', grantedBy: caller.userId, grantedAt: now }),
      },
    ],
  };
}

export function response(ctx: Context): Chat {
  const chatId = ctx.stash.chatId as string;
  const createdBy = callerOf(ctx).userId;
  const createdAt = ctx.stash.createdAt as string;
  if (ctx.error) {
    const reasons = (ctx.result?.cancellationReasons ?? []) as Reason[];
    const reason = reasons[0];
    if (!reason || reason.type.indexOf('CheckFailed') < 0) refuseDynamoDbError(ctx.error, reasons);
    // A try whose answer was lost, repeated on the way to DynamoDB, meets the row it wrote itself.
    const ours = reason.item?.createdBy === createdBy && reason.item.createdAt === createdAt;
    if (!ours) refuse('Conflict', 'A chat of this name exists already.');
  }
  return { chatId, headSequence: 0, createdBy, createdAt };
}

interface Reason {
  type: string;
  item?: { createdBy?: string; createdAt?: string } | null;
}

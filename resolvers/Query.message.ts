import { type Context, type DynamoDBGetItemRequest, util } from '@aws-appsync/utils';
import type { Message, QueryMessageArgs } from './generated/schema.ts';
import { idOf } from './inputs.ts';
import { messageOf, type MessageRow } from './message.ts';
import { isLive } from './permission.ts';
import { refuse } from './refusals.ts';
import { isUlid } from './rules/ulid.ts';

export function request(ctx: Context<QueryMessageArgs>): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const messageId = ctx.args.messageId;
  if (!isUlid(messageId)) refuse('InvalidInput', 'Invalid messageId: expected a ULID, in upper case');
  const key = util.dynamodb.toMapValues({ chatId, messageId });
  const get: DynamoDBGetItemRequest = { operation: 'GetItem', key, consistentRead: true };
  ctx.stash.chatId = chatId;
  ctx.stash.request = get;
  return null;
}

export function response(ctx: Context): Message | null {
  const row = ctx.prev.result as MessageRow | null;
  return row && isLive(row) ? messageOf(row) : null;
}

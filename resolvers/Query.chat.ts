import { type Context, type DynamoDBGetItemRequest, util } from '@aws-appsync/utils';
import { chatOf, type ChatRow } from './chat.ts';
import type { Chat, QueryChatArgs } from './generated/schema.ts';
import { idOf } from './inputs.ts';

export function request(ctx: Context<QueryChatArgs>): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const get: DynamoDBGetItemRequest = {
    operation: 'GetItem',
    key: util.dynamodb.toMapValues({ chatId }),
    consistentRead: true,
  };
  ctx.stash.chatId = chatId;
  ctx.stash.request = get;
  return null;
}

export function response(ctx: Context): Chat | null {
  const row = ctx.prev.result as ChatRow | null;
  return row ? chatOf(row) : null;
}

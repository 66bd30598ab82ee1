import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { PermissionPage, QueryPermissionsByChatArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { cut, textPositionOf, tokenOf } from './page.ts';
import { isLive, permissionOf } from './permission.ts';
import type { PermissionRow } from './rules/permission.ts';

type Ctx = Context<QueryPermissionsByChatArgs>;

/** Reads an index, which trails the table by a moment: a permission just granted may be missing for that long. */
export function request(ctx: Ctx): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const limit = limitOf(ctx.args.limit);
  const after = textPositionOf(ctx, [chatId]);
  const query: DynamoDBQueryRequest = {
    operation: 'Query',
    index: 'byChat',
    query: {
      expression: after === null ? 'chatId = :chatId' : 'chatId = :chatId AND userId > :after',
      expressionValues: util.dynamodb.toMapValues(
        after === null ? { ':chatId': chatId } : { ':chatId': chatId, ':after': after },
      ),
    },
    limit: limit + 1,
  };
  ctx.stash.chatId = chatId;
  ctx.stash.request = query;
  return null;
}

export function response(ctx: Ctx): PermissionPage {
  const { rows, last } = cut<PermissionRow>(ctx.prev.result, limitOf(ctx.args.limit));
  return {
    items: rows.filter((row) => isLive(row)).map((row) => permissionOf(row)),
    nextToken: last ? tokenOf(ctx, [ctx.args.chatId], last.userId) : null,
  };
}

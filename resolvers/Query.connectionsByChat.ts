import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import { connectionOf, type ConnectionRow } from './connection.ts';
import type { ConnectionPage, QueryConnectionsByChatArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { cut, textPositionOf, tokenOf } from './page.ts';
import { forbidden, refuseDynamoDbError } from './refusals.ts';

type Ctx = Context<QueryConnectionsByChatArgs>;

/** A row of Subscriptions; its sort key, `slot#userId#connectionId`, is unique in the chat. */
interface SubscriptionRow extends ConnectionRow {
  subscriber: string;
  accessExpiresAt: number;
}

export function request(ctx: Ctx): DynamoDBQueryRequest {
  if (!callerOf(ctx).administrator) forbidden();
  const chatId = idOf('chatId', ctx.args.chatId);
  const limit = limitOf(ctx.args.limit);
  const after = textPositionOf(ctx, [chatId]);
  return {
    operation: 'Query',
    query: {
      expression: after === null ? 'chatId = :chatId' : 'chatId = :chatId AND subscriber > :after',
      expressionValues: util.dynamodb.toMapValues(
        after === null ? { ':chatId': chatId } : { ':chatId': chatId, ':after': after },
      ),
    },
    limit: limit + 1,
    consistentRead: true,
  };
}

export function response(ctx: Ctx): ConnectionPage {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const { rows, last } = cut<SubscriptionRow>(ctx.result, limitOf(ctx.args.limit));
  const now = util.time.nowEpochSeconds();
  return {
    items: rows
      .filter((row) => row.expiresAt > now && row.accessExpiresAt > now)
      .map((row) => connectionOf(row, row.accessExpiresAt)),
    nextToken: last ? tokenOf(ctx, [ctx.args.chatId], last.subscriber) : null,
  };
}

import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import type { PermissionPage, QueryPermissionsByUserArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { cut, textPositionOf, tokenOf } from './page.ts';
import { isLive, permissionOf } from './permission.ts';
import { mayListPermissionsOf, type PermissionRow } from './rules/permission.ts';
import { forbidden, refuseDynamoDbError } from './refusals.ts';

type Ctx = Context<QueryPermissionsByUserArgs>;

export function request(ctx: Ctx): DynamoDBQueryRequest {
  const caller = callerOf(ctx);
  const userId = idOf('userId', ctx.args.userId);
  if (!mayListPermissionsOf(caller, userId)) forbidden();
  const limit = limitOf(ctx.args.limit);
  const after = textPositionOf(ctx, [userId]);
  return {
    operation: 'Query',
    query: {
      expression: after === null ? 'userId = :userId' : 'userId = :userId AND chatId > :after',
      expressionValues: util.dynamodb.toMapValues(
        after === null ? { ':userId': userId } : { ':userId': userId, ':after': after },
      ),
    },
    limit: limit + 1,
    consistentRead: true,
  };
}

export function response(ctx: Ctx): PermissionPage {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const { rows, last } = cut<PermissionRow>(ctx.result, limitOf(ctx.args.limit));
  return {
    items: rows.filter((row) => isLive(row)).map((row) => permissionOf(row)),
    nextToken: last ? tokenOf(ctx, [ctx.args.userId], last.chatId) : null,
  };
}

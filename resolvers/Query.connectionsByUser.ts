import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import { connectionOf, type ConnectionRow } from './connection.ts';
import type { ConnectionPage, QueryConnectionsByUserArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { endOf, type Mark, shownBefore } from './moments.ts';
import { cut, tokenOf } from './page.ts';
import { forbidden, refuseDynamoDbError } from './refusals.ts';

type Ctx = Context<QueryConnectionsByUserArgs>;

/** A row of Connections. */
interface Row extends ConnectionRow {
  tokenExpiresAt: number;
}

export function request(ctx: Ctx): DynamoDBQueryRequest {
  if (!callerOf(ctx).administrator) forbidden();
  const userId = idOf('userId', ctx.args.userId);
  const limit = limitOf(ctx.args.limit);
  const shown = shownBefore(ctx, [userId]);
  const values = shown === null ? { ':userId': userId } : { ':userId': userId, ':since': shown.time };
  return {
    operation: 'Query',
    index: 'byUser',
    query: {
      expression: shown === null ? 'userId = :userId' : 'userId = :userId AND connectedAt >= :since',
      expressionValues: util.dynamodb.toMapValues(values),
    },
    limit: limit + 1 + (shown === null ? 0 : shown.ids.length),
  };
}

export function response(ctx: Ctx): ConnectionPage {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const shown = shownBefore(ctx, [ctx.args.userId]);
  const found = ctx.result as { items: Row[]; nextToken?: string | null };
  const fresh = found.items.filter((row) => shown === null || shown.ids.indexOf(row.connectionId) < 0);
  const { rows, last } = cut<Row>({ items: fresh, nextToken: found.nextToken }, limitOf(ctx.args.limit));
  const marks = rows.map((row) => markOf(row));
  const now = util.time.nowEpochSeconds();
  return {
    items: rows.filter((row) => row.expiresAt > now).map((row) => connectionOf(row, row.tokenExpiresAt)),
    nextToken: last ? tokenOf(ctx, [ctx.args.userId], endOf(marks, markOf(last), shown)) : null,
  };
}

function markOf(row: Row): Mark {
  return { time: row.connectedAt, id: row.connectionId };
}

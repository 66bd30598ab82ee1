import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import { connectionOf, type ConnectionRow } from './connection.ts';
import type { ConnectionPage, QueryConnectionsByUserArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { cut, refuseToken, textPositionOf, tokenOf } from './page.ts';
import { forbidden, refuseDynamoDbError } from './refusals.ts';

type Ctx = Context<QueryConnectionsByUserArgs>;

/** A row of Connections. */
interface Row extends ConnectionRow {
  tokenExpiresAt: number;
}

/**
 * Two connections may begin in the same millisecond, so the time of the last one does not say where a page ends: a
 * token's position is that time, a space, and the ids already shown of that time.
 */
function shownBefore(ctx: Ctx): { connectedAt: string; ids: string[] } | null {
  const after = textPositionOf(ctx, [ctx.args.userId]);
  if (after === null) return null;
  const parts = after.split(' ');
  if (parts.length < 2) refuseToken();
  return { connectedAt: parts[0] as string, ids: parts.slice(1) };
}

export function request(ctx: Ctx): DynamoDBQueryRequest {
  if (!callerOf(ctx).administrator) forbidden();
  const userId = idOf('userId', ctx.args.userId);
  const limit = limitOf(ctx.args.limit);
  const shown = shownBefore(ctx);
  const values = shown === null ? { ':userId': userId } : { ':userId': userId, ':since': shown.connectedAt };
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
  const shown = shownBefore(ctx);
  const found = ctx.result as { items: Row[]; nextToken?: string | null };
  const fresh = found.items.filter((row) => shown === null || shown.ids.indexOf(row.connectionId) < 0);
  const { rows, last } = cut<Row>({ items: fresh, nextToken: found.nextToken }, limitOf(ctx.args.limit));
  const now = util.time.nowEpochSeconds();
  return {
    items: rows.filter((row) => row.expiresAt > now).map((row) => connectionOf(row, row.tokenExpiresAt)),
    nextToken: last ? tokenOf(ctx, [ctx.args.userId], endOf(rows, last, shown)) : null,
  };
}

function endOf(rows: Row[], last: Row, shown: { connectedAt: string; ids: string[] } | null): string {
  const here = rows.filter((row) => row.connectedAt === last.connectedAt).map((row) => row.connectionId);
  const before = shown !== null && shown.connectedAt === last.connectedAt ? shown.ids : [];
  return [last.connectedAt].concat(before, here).join(' ');
}

import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { QueryRedrivesArgs, RedrivePage } from './generated/schema.ts';
import { limitOf } from './inputs.ts';
import { endOf, type Mark, shownBefore } from './moments.ts';
import { operatorOf } from './operator.ts';
import { cut, tokenOf } from './page.ts';
import { isLive } from './permission.ts';
import { redriveOf, type RedriveRow } from './redrive.ts';
import { refuseDynamoDbError } from './refusals.ts';

type Ctx = Context<QueryRedrivesArgs>;

/** Reads an index, which trails the table by a moment: the newest redrive may be missing for that long. */
export function request(ctx: Ctx): DynamoDBQueryRequest {
  operatorOf(ctx);
  const limit = limitOf(ctx.args.limit);
  const shown = shownBefore(ctx, []);
  const values = shown === null ? { ':kind': 'redrive' } : { ':kind': 'redrive', ':until': shown.time };
  return {
    operation: 'Query',
    index: 'byTime',
    query: {
      expression: shown === null ? 'kind = :kind' : 'kind = :kind AND startedAt <= :until',
      expressionValues: util.dynamodb.toMapValues(values),
    },
    scanIndexForward: false,
    limit: limit + 1 + (shown === null ? 0 : shown.ids.length),
  };
}

export function response(ctx: Ctx): RedrivePage {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const shown = shownBefore(ctx, []);
  const found = ctx.result as { items: RedriveRow[]; nextToken?: string | null };
  const fresh = found.items.filter((row) => shown === null || shown.ids.indexOf(row.redriveId) < 0);
  const { rows, last } = cut<RedriveRow>({ items: fresh, nextToken: found.nextToken }, limitOf(ctx.args.limit));
  const marks = rows.map((row) => markOf(row));
  return {
    items: rows.filter((row) => isLive(row)).map((row) => redriveOf(row)),
    nextToken: last ? tokenOf(ctx, [], endOf(marks, markOf(last), shown)) : null,
  };
}

function markOf(row: RedriveRow): Mark {
  return { time: row.startedAt, id: row.redriveId };
}

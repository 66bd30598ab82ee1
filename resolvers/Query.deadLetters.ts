import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { DeadLetterPage, QueryDeadLettersArgs } from './generated/schema.ts';
import { limitOf } from './inputs.ts';
import { letterOf, type LetterRow } from './letter.ts';
import { operatorOf } from './operator.ts';
import { textPositionOf, tokenOf } from './page.ts';
import { filterOf, queueOf, redriveIdOf, selectionOf } from './redrive-input.ts';
import { isMeant } from './rules/dead-letters.ts';
import { justAfter, justBefore, lowestUlidAt } from './rules/ulid.ts';

type Ctx = Context<QueryDeadLettersArgs>;

/** Letters looked at for one page. A page of the table is 1 MB at most, whatever is asked for. */
const mostExamined = 500;

/** Below and above every arrival. The item that counts a queue's letters sorts before them. */
const belowAll = '0';
const aboveAll = 'Z';

/** What a token of this query is bound to: everything that decides which letters are shown. */
function scopeOf({ queue, filter, status, redriveId }: QueryDeadLettersArgs): unknown[] {
  return [queue, filter ?? null, status ?? null, redriveId ?? null];
}

/** Letters that wait are found by an index, which says where to begin; the letters themselves are read from the table. */
export function request(ctx: Ctx): null {
  operatorOf(ctx);
  const queue = queueOf(ctx.args.queue);
  const { sentAfter, sentBefore } = selectionOf(filterOf(ctx.args.filter));
  if (ctx.args.redriveId) redriveIdOf(ctx.args.redriveId);
  limitOf(ctx.args.limit);
  const after = textPositionOf(ctx, scopeOf(ctx.args));

  const since = sentAfter === undefined ? belowAll : lowestUlidAt(sentAfter);
  const low = after !== null && justAfter(after) > since ? justAfter(after) : since;
  const high = sentBefore === undefined ? aboveAll : justBefore(lowestUlidAt(sentBefore));
  ctx.stash.bounds = { queue, low, high };
  ctx.stash.onlyWaiting = !ctx.args.status && !ctx.args.redriveId;
  ctx.stash.request = low > high ? null : between(queue, low, high);
  return null;
}

function between(queue: string, low: string, high: string): DynamoDBQueryRequest {
  return {
    operation: 'Query',
    query: {
      expression: 'queue = :queue AND arrival BETWEEN :low AND :high',
      expressionValues: util.dynamodb.toMapValues({ ':queue': queue, ':low': low, ':high': high }),
    },
    limit: mostExamined,
    consistentRead: true,
  };
}

export function response(ctx: Ctx): DeadLetterPage {
  const limit = limitOf(ctx.args.limit);
  const { items, nextToken } = ctx.prev.result as { items: LetterRow[]; nextToken?: string | null };
  const selection = selectionOf(filterOf(ctx.args.filter));
  const found = items.filter((row) => isAskedFor(ctx.args, row) && isMeant(selection, row));
  const shown = found.slice(0, limit);
  const lastExamined = nextToken ? items[items.length - 1] : undefined;
  const last = found.length > limit ? shown[limit - 1] : lastExamined;
  return {
    items: shown.map((row) => letterOf(row)),
    nextToken: last ? tokenOf(ctx, scopeOf(ctx.args), last.arrival) : null,
  };
}

function isAskedFor({ status, redriveId }: QueryDeadLettersArgs, row: LetterRow): boolean {
  if (redriveId && row.redriveId !== redriveId) return false;
  if (status) return row.status === status;
  return redriveId ? true : row.status === 'waiting' || row.status === 'redriving';
}

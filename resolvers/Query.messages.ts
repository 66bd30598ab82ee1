import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { MessagePage, QueryMessagesArgs } from './generated/schema.ts';
import { idOf, limitOf } from './inputs.ts';
import { messageOf, type MessageRow } from './message.ts';
import { cut, refuseToken, textPositionOf, tokenOf } from './page.ts';
import { isLive } from './permission.ts';
import { refuse } from './refusals.ts';
import { highestUlidAt, isUlid, justAfter, justBefore, lowestUlidAt } from './rules/ulid.ts';

type Ctx = Context<QueryMessagesArgs>;

/** Above every ULID: their first digit goes up to 7. */
const aboveAll = 'Z';
const belowAll = '0';

/** What a token of this query is bound to: everything that decides which message comes next. */
function scopeOf(ctx: Ctx): unknown[] {
  return [ctx.args.chatId, ctx.args.from ?? null, ctx.args.to ?? null, ctx.args.newestFirst ?? true];
}

/** Message ids begin with their time, so a stretch of time is a stretch of ids. */
export function request(ctx: Ctx): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const limit = limitOf(ctx.args.limit);
  const newestFirst = ctx.args.newestFirst ?? true;
  const from = ctx.args.from ? util.time.parseISO8601ToEpochMilliSeconds(ctx.args.from) : null;
  const to = ctx.args.to ? util.time.parseISO8601ToEpochMilliSeconds(ctx.args.to) : null;
  if (from !== null && to !== null && from > to) refuse('InvalidInput', 'Invalid from: it is later than to');
  const after = textPositionOf(ctx, scopeOf(ctx));
  if (after !== null && !isUlid(after)) refuseToken();

  let low = from === null || from < 0 ? belowAll : lowestUlidAt(from);
  let high = to === null ? aboveAll : to < 0 ? belowAll : highestUlidAt(to);
  if (after !== null && newestFirst && justBefore(after) < high) high = justBefore(after);
  if (after !== null && !newestFirst && justAfter(after) > low) low = justAfter(after);
  ctx.stash.chatId = chatId;
  // DynamoDB refuses a BETWEEN whose bounds are the wrong way round: nothing lies between them.
  ctx.stash.request = low > high ? null : between(chatId, low, high, newestFirst, limit);
  return null;
}

function between(chatId: string, low: string, high: string, newestFirst: boolean, limit: number): DynamoDBQueryRequest {
  return {
    operation: 'Query',
    query: {
      expression: 'chatId = :chatId AND messageId BETWEEN :low AND :high',
      expressionValues: util.dynamodb.toMapValues({ ':chatId': chatId, ':low': low, ':high': high }),
    },
    scanIndexForward: !newestFirst,
    limit: limit + 1,
    consistentRead: true,
  };
}

export function response(ctx: Ctx): MessagePage {
  const { rows, last } = cut<MessageRow>(ctx.prev.result, limitOf(ctx.args.limit));
  return {
    items: rows.filter((row) => isLive(row)).map((row) => messageOf(row)),
    nextToken: last ? tokenOf(ctx, scopeOf(ctx), last.messageId) : null,
  };
}

import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { MessagePage, QueryMessagesBySequenceArgs } from './generated/schema.ts';
import { idOf, limitOf, sequenceOf } from './inputs.ts';
import { messageOf, type MessageRow } from './message.ts';
import { cut, positionOf, refuseToken, tokenOf } from './page.ts';
import { isLive } from './permission.ts';
import { refuse } from './refusals.ts';

type Ctx = Context<QueryMessagesBySequenceArgs>;

function scopeOf(ctx: Ctx): unknown[] {
  return [ctx.args.chatId, ctx.args.from, ctx.args.to ?? null];
}

/** Reads an index, which trails the table by a moment: the newest messages may be missing for that long. */
export function request(ctx: Ctx): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const limit = limitOf(ctx.args.limit);
  const from = sequenceOf('from', ctx.args.from);
  const to = sequenceOf('to', ctx.args.to ?? 9007199254740991);
  if (from > to) refuse('InvalidInput', 'Invalid from: it is higher than to');
  const after = positionOf(ctx, scopeOf(ctx));
  if (after !== null && typeof after !== 'number') refuseToken();
  const low = after !== null && after >= from ? after + 1 : from;
  const query: DynamoDBQueryRequest = {
    operation: 'Query',
    index: 'bySequence',
    query: {
      // "sequence" is one of DynamoDB's reserved words.
      expression: 'chatId = :chatId AND #sequence BETWEEN :low AND :high',
      expressionNames: { '#sequence': 'sequence' },
      expressionValues: util.dynamodb.toMapValues({ ':chatId': chatId, ':low': low, ':high': to }),
    },
    limit: limit + 1,
  };
  ctx.stash.chatId = chatId;
  ctx.stash.request = low > to ? null : query;
  return null;
}

export function response(ctx: Ctx): MessagePage {
  const { rows, last } = cut<MessageRow>(ctx.prev.result, limitOf(ctx.args.limit));
  return {
    items: rows.filter((row) => isLive(row)).map((row) => messageOf(row)),
    nextToken: last ? tokenOf(ctx, scopeOf(ctx), last.sequence ?? 0) : null,
  };
}

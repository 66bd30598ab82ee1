import { type Context, type DynamoDBQueryRequest, util } from '@aws-appsync/utils';
import type { MultiPartGroup, QueryMultiPartGroupArgs } from './generated/schema.ts';
import { idOf, partGroupOf } from './inputs.ts';
import { type GroupRow, multiPartGroupOf, type PartRow } from './multi-part.ts';
import { isLive } from './permission.ts';

/** The group's own item and one for each part. */
const mostItems = 1001;

/** One page of the table holds them all: an item is little more than a message id. */
export function request(ctx: Context<QueryMultiPartGroupArgs>): null {
  const chatId = idOf('chatId', ctx.args.chatId);
  const groupId = partGroupOf(ctx.args.groupId);
  const query: DynamoDBQueryRequest = {
    operation: 'Query',
    query: {
      // "group" is one of DynamoDB's reserved words.
      expression: '#group = :group',
      expressionNames: { '#group': 'group' },
      expressionValues: util.dynamodb.toMapValues({ ':group': `${chatId}#${groupId}` }),
    },
    limit: mostItems,
    consistentRead: true,
  };
  ctx.stash.chatId = chatId;
  ctx.stash.request = query;
  return null;
}

/** The group's item sorts before its parts. */
export function response(ctx: Context): MultiPartGroup | null {
  const items = ctx.prev.result.items as unknown[];
  const group = items[0] as GroupRow | undefined;
  return group && isLive(group) ? multiPartGroupOf(group, items.slice(1) as PartRow[]) : null;
}

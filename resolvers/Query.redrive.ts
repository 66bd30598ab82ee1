import { type Context, type DynamoDBGetItemRequest, util } from '@aws-appsync/utils';
import type { QueryRedriveArgs, Redrive } from './generated/schema.ts';
import { redriveIdOf } from './redrive-input.ts';
import { operatorOf } from './operator.ts';
import { isLive } from './permission.ts';
import { redriveOf, type RedriveRow } from './redrive.ts';
import { refuseDynamoDbError } from './refusals.ts';

export function request(ctx: Context<QueryRedriveArgs>): DynamoDBGetItemRequest {
  operatorOf(ctx);
  const redriveId = redriveIdOf(ctx.args.redriveId);
  return { operation: 'GetItem', key: util.dynamodb.toMapValues({ redriveId }), consistentRead: true };
}

export function response(ctx: Context): Redrive | null {
  if (ctx.error) refuseDynamoDbError(ctx.error);
  const row = ctx.result as RedriveRow | null;
  return row && isLive(row) ? redriveOf(row) : null;
}

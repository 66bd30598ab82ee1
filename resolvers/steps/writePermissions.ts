import { type Context, type DynamoDBTransactWriteItemsRequest, runtime, util } from '@aws-appsync/utils';
import { planOf } from '../changes.ts';
import { permissionOf } from '../permission.ts';
import { refuseDynamoDbError, refuseInputs } from '../refusals.ts';
import { type Expression, judgeCancellation, type Moment, type Write, writesOf, writtenBy } from '../rules/writes.ts';

type Item = DynamoDBTransactWriteItemsRequest['transactItems'][number];

/** Writes the changes in one transaction that holds only if what was read still does. */
export function request(ctx: Context): DynamoDBTransactWriteItemsRequest {
  const plan = planOf(ctx);
  // Nothing was read: someone was writing the same rows. The next pair of steps tries again.
  if (plan.written || !plan.rows) runtime.earlyReturn(null);
  const now: Moment = { iso: util.time.nowISO8601(), seconds: util.time.nowEpochSeconds() };
  ctx.stash.writtenAt = now;
  return {
    operation: 'TransactWriteItems',
    transactItems: writesOf(plan, plan.rows, now).map((write) => itemOf(ctx, write)),
  };
}

export function response(ctx: Context): null {
  const plan = planOf(ctx);
  const rows = plan.rows ?? [];
  if (ctx.error) {
    const reasons = (ctx.result?.cancellationReasons ?? []) as { type: string }[];
    const { again, problems } = judgeCancellation(
      plan,
      rows,
      reasons.map((reason) => reason.type),
    );
    if (problems.length > 0) refuseInputs(problems, plan.batch);
    if (!again) refuseDynamoDbError(ctx.error);
    plan.rows = null;
    return null;
  }
  plan.written = writtenBy(plan, rows, ctx.stash.writtenAt as Moment).map((row) => permissionOf(row));
  return null;
}

function itemOf(ctx: Context, write: Write): Item {
  const table = (write.table === 'chats' ? ctx.env.CHATS_TABLE : ctx.env.PERMISSIONS_TABLE) as string;
  const key = util.dynamodb.toMapValues(write.key);
  const conditional = write.condition ? { condition: conditionOf(write.condition) } : {};
  if (write.operation === 'PutItem') {
    const attributeValues = util.dynamodb.toMapValues(write.attributes);
    return { table, operation: 'PutItem', key, attributeValues, ...conditional };
  }
  if (write.operation === 'UpdateItem') {
    return { table, operation: 'UpdateItem', key, update: expressionOf(write.update), ...conditional };
  }
  if (write.operation === 'DeleteItem') return { table, operation: 'DeleteItem', key, ...conditional };
  return { table, operation: 'ConditionCheck', key, condition: conditionOf(write.condition) };
}

function conditionOf(condition: Expression) {
  return { ...expressionOf(condition), returnValuesOnConditionCheckFailure: false };
}

function expressionOf({ expression, names, values }: Expression) {
  const expressionValues = util.dynamodb.toMapValues(values);
  return names ? { expression, expressionNames: names, expressionValues } : { expression, expressionValues };
}

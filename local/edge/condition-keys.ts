import type { AwsCall } from './call.ts';
import type { ConditionContext } from './conditions.ts';

/**
 * The condition keys of one call that its service tells of its input: the namespace of metrics
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html), and the partition key of an item
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
 *
 * @param partitionKeys the names of tables' partition keys, by table
 */
export function keysOf(
  { service, action, input }: Pick<AwsCall, 'service' | 'action' | 'input'>,
  partitionKeys: ReadonlyMap<string, string> = new Map(),
): ConditionContext {
  if (service === 'cloudwatch' && action === 'PutMetricData') {
    return new Map([['cloudwatch:namespace', String(input['Namespace'])]]);
  }
  if (service !== 'dynamodb') return none;
  const { TableName = '', Key, Item = Key } = input as { TableName?: string; Key?: Attributes; Item?: Attributes };
  // A table may also be named by its ARN.
  const table = TableName.slice(TableName.lastIndexOf('/') + 1);
  const value = Item?.[partitionKeys.get(table) ?? ''];
  return value === undefined ? none : new Map([['dynamodb:leadingkeys', Object.values(value)]]);
}

type Attributes = Record<string, Record<string, string>>;

const none: ConditionContext = new Map();

import type { EngineClient } from '../dynamodb/client.ts';
import type { Stack } from '../template/stack.ts';

type Answer = { Count: number; LastEvaluatedKey?: object };

/** The index that holds the dead letters which wait, and nothing else. */
const index = 'waiting';

/**
 * A count of the dead letters that wait, by the index the template has for them.
 * @param client of the engine itself
 * @throws EngineError
 */
export function waitingLettersOf(stack: Stack, client: Pick<EngineClient, 'call'>): () => Promise<number> {
  const table = stack.ofType('AWS::DynamoDB::Table').find(({ properties }) => {
    const indexes = properties['GlobalSecondaryIndexes'] as { IndexName: string }[] | undefined;
    return indexes?.some(({ IndexName }) => IndexName === index);
  });
  return async () => {
    let count = 0;
    let ExclusiveStartKey: object | undefined;
    do {
      const scan = { TableName: table?.ref, IndexName: index, Select: 'COUNT', ExclusiveStartKey };
      const { Count, LastEvaluatedKey } = await client.call<Answer>('DynamoDB_20120810.Scan', scan);
      count += Count;
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return count;
  };
}

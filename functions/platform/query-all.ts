import { QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';

/** Runs a query to its last page and returns all of its rows. The caller says what shape they have. */
export async function queryAll<Row>(query: QueryCommandInput): Promise<Row[]> {
  const rows: Row[] = [];
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page = await dynamodb.send(new QueryCommand({ ...query, ExclusiveStartKey: from }));
    for (const row of page.Items ?? []) rows.push(row as Row);
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return rows;
}

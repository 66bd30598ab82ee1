import { QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';

/** Runs a query to its last page and returns all of its rows. The caller says what shape they have. */
export async function queryAll<Row>(query: QueryCommandInput): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of queryPages<Row>(query)) for (const row of page) rows.push(row);
  return rows;
}

/** Runs a query page by page, each read when it is asked for. */
export async function* queryPages<Row>(query: QueryCommandInput): AsyncGenerator<Row[]> {
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page = await dynamodb.send(new QueryCommand({ ...query, ExclusiveStartKey: from }));
    yield (page.Items ?? []) as Row[];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}

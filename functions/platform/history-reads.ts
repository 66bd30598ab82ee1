import { QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import type { MessageRow } from './rows.ts';

/** A message that has a number. */
export type NumberedRow = MessageRow & { sequence: number };

/** Some rows in order. `more`: there are others behind them, or there may be. */
export interface HistoryPage<Row extends MessageRow = MessageRow> {
  rows: Row[];
  more: boolean;
}

/** Both ends included. */
export interface NumberRange {
  from: number;
  to: number;
}

/**
 * Messages by number, lowest first, from an index that lags behind history a little. Expired ones are among them.
 *
 * @param most rows; fewer may come, since DynamoDB also ends a page at 1 MB.
 */
export async function readByNumber(
  chatId: string,
  { from, to }: NumberRange,
  most: number,
): Promise<HistoryPage<NumberedRow>> {
  return (await query({
    IndexName: 'bySequence',
    KeyConditionExpression: 'chatId = :chatId AND #sequence BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: { ':chatId': chatId, ':from': from, ':to': to },
    Limit: most,
  })) as HistoryPage<NumberedRow>;
}

/** Messages after an id, lowest id first, read strongly; numbered or not, expired ones among them. */
export async function readAfterId(chatId: string, messageId: string, most: number): Promise<HistoryPage> {
  return query({
    KeyConditionExpression: 'chatId = :chatId AND messageId > :messageId',
    ExpressionAttributeValues: { ':chatId': chatId, ':messageId': messageId },
    ConsistentRead: true,
    Limit: most,
  });
}

/** A look at a chat's newest messages costs no more than this many rows, and 1 MB. */
const newestRows = 1_000;

/**
 * Which of these numbers are among the chat's newest messages, read strongly: what the index does not show yet. With
 * `more: false` that is all of history, and a number that is not in the answer is not in history.
 */
export async function readNumbersAmongNewest(
  chatId: string,
  { from, to }: NumberRange,
): Promise<HistoryPage<NumberedRow>> {
  const page = await query({
    KeyConditionExpression: 'chatId = :chatId',
    FilterExpression: '#sequence BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#sequence': 'sequence' },
    ExpressionAttributeValues: { ':chatId': chatId, ':from': from, ':to': to },
    ConsistentRead: true,
    ScanIndexForward: false,
    Limit: newestRows,
  });
  const rows = (page.rows as NumberedRow[]).sort((one, other) => one.sequence - other.sequence);
  return { ...page, rows };
}

async function query(input: Omit<QueryCommandInput, 'TableName'>): Promise<HistoryPage> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({ TableName: environment.messagesTable, ...input }),
  );
  return { rows: Items as MessageRow[], more: LastEvaluatedKey !== undefined };
}

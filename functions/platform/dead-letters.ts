import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { pause } from './pause.ts';

/** A message attribute; `binary` in base64. */
export interface LetterAttribute {
  dataType: string;
  text?: string | undefined;
  binary?: string | undefined;
}

/**
 * A row of the DeadLetters table: a message that could not be handled, as the dead-letter queue held it. One that is
 * neither redriven nor discarded is in the index `waiting`, and never expires.
 */
export interface LetterRow {
  queue: string;
  /** 26 characters that sort by arrival, and begin with the time of it as a ULID does. */
  arrival: string;
  body: string;
  attributes: Record<string, LetterAttribute>;
  sqsMessageId: string;
  /** ISO 8601: when it was sent to the dead-letter queue; of one that SQS moved there from a standard queue, to that. */
  sentAt: string;
  groupId?: string | undefined;
  sequenceNumber?: string | undefined;
  /** How often a queue handed it out before it was recorded. */
  receiveCount: number;
  reason: string;
  stage?: string | undefined;
  /** Whether the service can read it; what it tells of the message is here only then. */
  readable: boolean;
  chatId?: string;
  senderId?: string;
  messageId?: string;
  eventType?: string;
  publishTimestamp?: string;
  connectionId?: string;
  status: 'waiting' | 'redriving' | 'redriven' | 'discarded';
  waitingIn?: string;
  /** The redrive that has or had it in hand last. */
  redriveId?: string;
  /** Why SQS did not take it when it was last redriven. */
  refusal?: string;
  settledAt?: string;
  expiresAt?: number;
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Thrown when others kept writing the same items: some of the letters may be recorded, the rest can be tried again. */
export class RecordingContended extends Error {
  override readonly name = 'RecordingContended';

  constructor() {
    super(`Dead letters could not be recorded in ${maxRounds} rounds.`);
  }
}

const maxRounds = 8;

/** The item beside a queue's letters that counts those waiting. It sorts before every letter. */
const counter = '#waiting';

/**
 * The change of a queue's count of letters that are neither redriven nor discarded. It goes into the transaction that
 * makes it true.
 */
export function countWaiting(queue: string, by: number): Action {
  return {
    Update: {
      TableName: environment.deadLettersTable,
      Key: { queue, arrival: counter },
      UpdateExpression: 'ADD waiting :by',
      ExpressionAttributeValues: { ':by': by },
    },
  };
}

/**
 * Records letters of one queue and counts them, all together. Those that are there already stay as they are and are not
 * counted again, so a letter that comes twice, or whose recorder died, is one letter.
 *
 * @param rows at most 15, with distinct arrivals: a message has at most 256 KiB, and a transaction 4 MB
 * (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
 * @throws RecordingContended; AWS errors as they are. After either, recording again is safe.
 */
export async function putLetters(queue: string, rows: readonly LetterRow[]): Promise<void> {
  let missing = rows;
  for (let round = 0; missing.length > 0; round += 1) {
    if (round === maxRounds) throw new RecordingContended();
    if (round > 0) await pause(round - 1);
    missing = await putTogether(queue, missing);
  }
}

/** @returns the rows that are still to be written. */
async function putTogether(queue: string, rows: readonly LetterRow[]): Promise<readonly LetterRow[]> {
  const puts = rows.map((row): Action => ({
    Put: {
      TableName: environment.deadLettersTable,
      Item: row,
      ConditionExpression: 'attribute_not_exists(arrival)',
    },
  }));
  try {
    await dynamodb.send(new TransactWriteCommand({ TransactItems: [...puts, countWaiting(queue, rows.length)] }));
    return [];
  } catch (error) {
    if (!(error instanceof TransactionCanceledException) || !mayPass(error)) throw error;
    const reasons = error.CancellationReasons ?? [];
    return rows.filter((_row, index) => reasons[index]?.Code !== conditionFailed);
  }
}

/** Where to look for letters, in order: from one arrival to before another. */
export interface Stretch {
  queue: string;
  from: string;
  before: string;
}

/** Letters of a stretch that wait, and where those not looked at yet begin; nowhere: these were the last. */
export interface LetterPage<Row> {
  letters: Row[];
  next: string | undefined;
}

/**
 * Reads letters that are neither redriven nor discarded, in order. From the table and strongly, past those that are:
 * the index would spare reading them, but it may show a letter before one of its group that came earlier.
 *
 * @param most how many rows to look at, at most; DynamoDB also stops at 1 MB.
 * @param attributes of the rows, or all.
 */
export async function readWaiting<Key extends keyof LetterRow = keyof LetterRow>(
  { queue, from, before }: Stretch,
  most: number,
  attributes?: readonly Key[],
): Promise<LetterPage<Pick<LetterRow, Key>>> {
  if (from >= before) return { letters: [], next: undefined };
  const names = attributes?.map((name) => [`#${name}`, name] as const);
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.deadLettersTable,
      KeyConditionExpression: 'queue = :queue AND arrival BETWEEN :from AND :to',
      FilterExpression: 'attribute_exists(waitingIn)',
      ExpressionAttributeValues: { ':queue': queue, ':from': from, ':to': before },
      ...(names && {
        ProjectionExpression: names.map(([placeholder]) => placeholder).join(', '),
        ExpressionAttributeNames: Object.fromEntries(names),
      }),
      Limit: most,
      ConsistentRead: true,
    }),
  );
  const last = LastEvaluatedKey?.['arrival'] as string | undefined;
  return { letters: Items as Pick<LetterRow, Key>[], next: last === undefined ? undefined : after(last) };
}

/** The lowest text above an arrival and below every later one. */
export function after(arrival: string): string {
  return `${arrival}0`;
}

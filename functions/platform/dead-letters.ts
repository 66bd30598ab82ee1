import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { pause } from './pause.ts';
import { readTogether } from './read-together.ts';

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
  /** The redrive that has or had it in hand last. One that was discarded without any was so when it was recorded. */
  redriveId?: string;
  /** Why SQS did not take it when it was last redriven. */
  refusal?: string;
  settledAt?: string;
  expiresAt?: number;
}

/** One write of a transaction. */
export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

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
 * Records letters of one queue and counts those that wait, all together. Those that are there already stay as they are and are not
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
    const waiting = rows.filter(({ waitingIn }) => waitingIn !== undefined).length;
    const counting = waiting === 0 ? [] : [countWaiting(queue, waiting)];
    await dynamodb.send(new TransactWriteCommand({ TransactItems: [...puts, ...counting] }));
    return [];
  } catch (error) {
    if (!(error instanceof TransactionCanceledException) || !mayPass(error)) throw error;
    const reasons = error.CancellationReasons ?? [];
    return rows.filter((_row, index) => reasons[index]?.Code !== conditionFailed);
  }
}

/** A letter whose redrive has it in hand from now on. Only one that is neither redriven nor discarded is changed. */
export function markRedriving(queue: string, arrival: string, redriveId: string): Action {
  return changeWaiting(queue, arrival, 'SET #status = :status, redriveId = :redriveId REMOVE refusal', {
    ':status': 'redriving',
    ':redriveId': redriveId,
  });
}

/** A letter that waits no longer, and how it ended. `expiresAt` in epoch seconds: until then it can be looked up. */
export function markSettled(
  queue: string,
  arrival: string,
  end: Required<Pick<LetterRow, 'redriveId' | 'settledAt' | 'expiresAt'>> & { status: 'redriven' | 'discarded' },
): Action {
  const change =
    'SET #status = :status, redriveId = :redriveId, settledAt = :settledAt, expiresAt = :expiresAt REMOVE waitingIn, refusal';
  return changeWaiting(queue, arrival, change, {
    ':status': end.status,
    ':redriveId': end.redriveId,
    ':settledAt': end.settledAt,
    ':expiresAt': end.expiresAt,
  });
}

/** A letter that SQS did not take back, and why. It waits on. */
export function markRefused(queue: string, arrival: string, refusal: string): Action {
  return changeWaiting(queue, arrival, 'SET #status = :status, refusal = :refusal', {
    ':status': 'waiting',
    ':refusal': refusal,
  });
}

function changeWaiting(queue: string, arrival: string, change: string, values: Record<string, unknown>): Action {
  return {
    Update: {
      TableName: environment.deadLettersTable,
      Key: { queue, arrival },
      UpdateExpression: change,
      ConditionExpression: 'attribute_exists(waitingIn)',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: values,
    },
  };
}

/** These letters of a queue, read strongly and whole, in the order given; those that are gone are left out. */
export async function readLetters(queue: string, arrivals: readonly string[]): Promise<LetterRow[]> {
  const rows = await readTogether(
    arrivals.map((arrival) => ({ table: environment.deadLettersTable, key: { queue, arrival } })),
  );
  return rows.filter((row) => row !== undefined) as unknown as LetterRow[];
}

/** Where to look for letters, in order: from one text on, behind one arrival if one is given, and before another text. */
export interface Stretch {
  queue: string;
  start: string;
  after: string | undefined;
  before: string;
}

/** Letters of a stretch that wait, and the arrival up to which it was searched; none: to its end. */
export interface LetterPage<Row> {
  letters: Row[];
  searchedTo: string | undefined;
}

/**
 * Reads letters that are neither redriven nor discarded, in order. From the table and strongly, past those that are:
 * the index would spare reading them, but it may show a letter before one of its group that came earlier.
 *
 * @param most how many rows to look at, at most; DynamoDB also stops at 1 MB.
 * @param attributes of the rows.
 */
export async function readWaiting<Key extends keyof LetterRow>(
  { queue, start, after = '', before }: Stretch,
  most: number,
  attributes: readonly Key[],
): Promise<LetterPage<Pick<LetterRow, Key>>> {
  const behind = after + lowest;
  const from = start > behind ? start : behind;
  if (from >= before) return { letters: [], searchedTo: undefined };
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new QueryCommand({
      TableName: environment.deadLettersTable,
      KeyConditionExpression: '#queue = :queue AND #arrival BETWEEN :from AND :before',
      FilterExpression: 'attribute_exists(waitingIn)',
      ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
      ExpressionAttributeNames: Object.fromEntries(
        ['queue', 'arrival', ...attributes].map((name) => [`#${name}`, name]),
      ),
      ExpressionAttributeValues: { ':queue': queue, ':from': from, ':before': before },
      Limit: most,
      ConsistentRead: true,
    }),
  );
  return {
    letters: Items as Pick<LetterRow, Key>[],
    searchedTo: LastEvaluatedKey?.['arrival'] as string | undefined,
  };
}

/** The lowest digit of an arrival: higher than the counter, and, at the end of an arrival, lower than any later one. */
const lowest = '0';

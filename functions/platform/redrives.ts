import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { conditionFailed, mayPass } from './cancellation.ts';
import type { Action } from './dead-letters.ts';
import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { pause } from './pause.ts';
import { readTogether } from './read-together.ts';

/** What a redrive has counted so far, or counts in one step. */
export interface Counts {
  examined: number;
  matched: number;
  redriven: number;
  discarded: number;
  skipped: number;
  failed: number;
}

/** A row of the Redrives table: what was asked for, by whom and why, and how far it has come. */
export interface RedriveRow extends Counts {
  redriveId: string;
  queue: string;
  mode: string;
  /** JSON. */
  filter: string;
  maxMessages?: number;
  maxPerSecond?: number;
  includeRevokedSenders: boolean;
  reason: string;
  startedBy: string;
  /** ISO 8601. */
  startedAt: string;
  status: 'running' | 'completed' | 'cancelled' | 'failed';
  cancelRequest?: object;
  /** Counts its steps: each is written only if it is the next. */
  step: number;
  /** The last arrival it looked at. */
  cursor?: string;
  /** Arrivals of the letters that it marked and may have sent, but not yet settled. */
  inHand?: string[];
  /** Epoch milliseconds: its rate lets no letter go before. */
  resumeAt?: number;
  /** FIFO groups of which a letter failed: none behind it may go. */
  failedGroups?: Set<string>;
}

/** Whose turn it is at a queue: which redrive, and which of its executions. */
export interface LeaseRow {
  holder?: string;
  generation: number;
  /** Epoch milliseconds. */
  until: number;
}

/** Thrown when others kept writing the same items: nothing was written, and a later try may do. */
export class StepContended extends Error {
  override readonly name = 'StepContended';

  constructor() {
    super(`A step of a redrive was not written in ${maxRounds} rounds.`);
  }
}

const maxRounds = 8;

const leaseId = (queue: string): string => `lock#${queue}`;

/** A redrive and its queue's lease, read strongly in one call. */
export async function readRedrive(
  redriveId: string,
  queue: string,
): Promise<{ redrive: RedriveRow | undefined; lease: LeaseRow | undefined }> {
  const [redrive, lease] = await readTogether([
    { table: environment.redrivesTable, key: { redriveId } },
    { table: environment.redrivesTable, key: { redriveId: leaseId(queue) } },
  ]);
  return { redrive: redrive as RedriveRow | undefined, lease: lease as LeaseRow | undefined };
}

/** Who writes a step, and which one: it counts only for the holder of the lease, and only if it is the next. */
export interface Turn {
  redriveId: string;
  queue: string;
  generation: number;
  step: number;
}

/** What a step does to the redrive itself. */
export interface Progress {
  counts: Partial<Counts>;
  /** Unless given, it stays where it is. */
  cursor?: string | undefined;
  /** Empty: no letters are in hand any more. */
  inHand: readonly string[];
  failedGroups?: readonly string[];
  /** Unless given, it stays what it is. */
  resumeAt?: number | undefined;
}

/**
 * Writes one step of a redrive: its progress and the changes of letters that make it true, together, and extends the
 * lease.
 *
 * @param changes of letters and their count: at most 98.
 * @returns false when it is not this turn's to write, or a letter was no longer waiting: then nothing is written.
 * @throws StepContended; AWS errors as they are.
 */
export async function writeStep(turn: Turn, progress: Progress, changes: readonly Action[]): Promise<boolean> {
  const TransactItems = [extendLease(turn), advance(turn, progress), ...changes];
  for (let round = 0; round < maxRounds; round += 1) {
    if (round > 0) await pause(round - 1);
    try {
      await dynamodb.send(new TransactWriteCommand({ TransactItems }));
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException) || !mayPass(error)) throw error;
      if (error.CancellationReasons?.some(({ Code }) => Code === conditionFailed)) return false;
    }
  }
  throw new StepContended();
}

function extendLease({ redriveId, queue, generation }: Turn): Action {
  return {
    Update: {
      TableName: environment.redrivesTable,
      Key: { redriveId: leaseId(queue) },
      UpdateExpression: 'SET #until = :until',
      ConditionExpression: 'holder = :redriveId AND generation = :generation',
      ExpressionAttributeNames: { '#until': 'until' },
      ExpressionAttributeValues: {
        ':until': Date.now() + environment.redriveLeaseSeconds * 1000,
        ':redriveId': redriveId,
        ':generation': generation,
      },
    },
  };
}

function advance({ redriveId, step }: Turn, progress: Progress): Action {
  const { counts, cursor, inHand, failedGroups = [], resumeAt } = progress;
  const added = Object.entries(counts).filter(([, count]) => count !== 0);
  const adding = [
    ...added.map(([name]) => `#${name} :${name}`),
    ...(failedGroups.length > 0 ? ['failedGroups :failedGroups'] : []),
  ];
  const setting = [
    'step = :next',
    ...(cursor === undefined ? [] : ['#cursor = :cursor']),
    ...(inHand.length === 0 ? [] : ['inHand = :inHand']),
    ...(resumeAt === undefined ? [] : ['resumeAt = :resumeAt']),
  ];
  const clauses = [
    `SET ${setting.join(', ')}`,
    ...(adding.length === 0 ? [] : [`ADD ${adding.join(', ')}`]),
    ...(inHand.length === 0 ? ['REMOVE inHand'] : []),
  ];
  return {
    Update: {
      TableName: environment.redrivesTable,
      Key: { redriveId },
      UpdateExpression: clauses.join(' '),
      ConditionExpression: '#status = :running AND step = :step',
      ExpressionAttributeNames: {
        '#status': 'status',
        ...(cursor !== undefined && { '#cursor': 'cursor' }),
        ...Object.fromEntries(added.map(([name]) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: {
        ':running': 'running',
        ':step': step,
        ':next': step + 1,
        ...(cursor !== undefined && { ':cursor': cursor }),
        ...(inHand.length > 0 && { ':inHand': inHand }),
        ...(failedGroups.length > 0 && { ':failedGroups': new Set(failedGroups) }),
        ...(resumeAt !== undefined && { ':resumeAt': resumeAt }),
        ...Object.fromEntries(added.map(([name, count]) => [`:${name}`, count])),
      },
    },
  };
}

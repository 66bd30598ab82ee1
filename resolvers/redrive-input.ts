import { util } from '@aws-appsync/utils';
import type { DeadLetterFilter, RedriveInput } from './generated/schema.ts';
import { refuse } from './refusals.ts';
import type { LetterFilter, Selection } from './rules/dead-letters.ts';
import {
  problemOfFilter,
  problemOfMode,
  problemOfPace,
  problemOfQueue,
  problemOfReason,
  problemOfRedriveId,
  type RedriveMode,
} from './rules/redrive.ts';

/** What a redrive is to do, as the workflow takes it: without what was not given. */
export interface RedriveOrder {
  queue: string;
  mode: RedriveMode;
  filter: LetterFilter;
  maxMessages?: number;
  maxPerSecond?: number;
  includeRevokedSenders: boolean;
}

/** The name of a dead-letter queue, or the resolver ends with InvalidInput. */
export function queueOf(queue: string): string {
  return sound(queue, problemOfQueue(queue));
}

/** A redrive's id, or the resolver ends with InvalidInput. */
export function redriveIdOf(redriveId: string): string {
  return sound(redriveId, problemOfRedriveId(redriveId));
}

/** Why somebody does what they do, or the resolver ends with InvalidInput. */
export function reasonOf(reason: string): string {
  return sound(reason, problemOfReason(reason));
}

/** The redrive that is asked for, or the resolver ends with InvalidInput. */
export function orderOf(input: RedriveInput): RedriveOrder {
  const { maxMessages, maxPerSecond } = input;
  const order: RedriveOrder = {
    queue: queueOf(input.queue),
    mode: input.mode,
    filter: filterOf(input.filter),
    includeRevokedSenders: input.includeRevokedSenders ?? false,
  };
  if (isGiven(maxMessages)) order.maxMessages = maxMessages as number;
  if (isGiven(maxPerSecond)) order.maxPerSecond = maxPerSecond as number;
  const problem = problemOfMode(order.queue, order.mode) ?? problemOfPace(order.maxMessages, order.maxPerSecond);
  return sound(order, problem);
}

/** A filter without what was not given, or the resolver ends with InvalidInput. */
export function filterOf(given: DeadLetterFilter | null | undefined): LetterFilter {
  const filter: Record<string, unknown> = {};
  Object.entries(given ?? {}).forEach(([name, value]) => {
    if (isGiven(value)) filter[name] = value;
  });
  const selection = selectionOf(filter);
  const { sentAfter, sentBefore } = selection;
  const problem = problemOfFilter(filter, selection);
  // People may write a time with any offset; the workflow and its log keep it in one way.
  if (problem === null && sentAfter !== undefined) filter.sentAfter = isoOf(sentAfter);
  if (problem === null && sentBefore !== undefined) filter.sentBefore = isoOf(sentBefore);
  return sound(filter, problem);
}

/** A filter as the rules take it. */
export function selectionOf(filter: LetterFilter): Selection {
  const { sentAfter, sentBefore, ...selection } = filter;
  const times: Pick<Selection, 'sentAfter' | 'sentBefore'> = {};
  if (sentAfter !== undefined) times.sentAfter = util.time.parseISO8601ToEpochMilliSeconds(sentAfter);
  if (sentBefore !== undefined) times.sentBefore = util.time.parseISO8601ToEpochMilliSeconds(sentBefore);
  return { ...selection, ...times };
}

function isoOf(milliseconds: number): string {
  return util.time.epochMilliSecondsToISO8601(milliseconds);
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function sound<Value>(value: Value, problem: string | null): Value {
  if (problem !== null) refuse('InvalidInput', problem);
  return value;
}

import type { MessageLine } from './message-lines.ts';
import { whatHappened } from './what-happened.ts';

/** One thing that a function did with a message. */
export type Step = {
  /** Milliseconds since 1970. */
  at: number;
  /** Since the message was published. */
  afterMs: number;
  function: string;
  what: string;
  requestId: string;
};

/** What became of a message, step by step. */
export type Journey = {
  messageId: string;
  /** Milliseconds since 1970; absent when no publisher's line tells, as of what the service itself says in a chat. */
  publishedAt?: number;
  steps: Step[];
  /** The redrives that had it in hand. */
  redrives: string[];
  /** The dead-letter queue in which it waits now, as far as the lines tell. */
  waitsIn?: string;
};

/**
 * @param lines about the message, in the order they were written
 */
export function journeyOf(messageId: string, lines: readonly MessageLine[]): Journey {
  const published = lines.map(({ publishTimestamp }) => Date.parse(String(publishTimestamp))).filter(Number.isFinite);
  const publishedAt = published.length > 0 ? Math.min(...published) : undefined;
  const start = publishedAt ?? timeOf(lines[0]);
  const steps = lines.map((line) => ({
    at: timeOf(line),
    afterMs: timeOf(line) - start,
    function: line.service,
    what: whatHappened(line, messageId),
    requestId: line.function_request_id ?? '',
  }));
  const redrives = lines.flatMap(({ redriveId }) => (typeof redriveId === 'string' ? [redriveId] : []));
  const settled = lines.findLastIndex(({ message }) => message === 'Redriven' || message === 'Discarded');
  const recorded = lines.findLastIndex(({ message }) => message === 'Recorded');
  return {
    messageId,
    ...(publishedAt !== undefined && { publishedAt }),
    steps,
    redrives: [...new Set(redrives)],
    ...(recorded > settled && { waitsIn: String(lines[recorded]?.['queue']) }),
  };
}

function timeOf(line: MessageLine | undefined): number {
  return Date.parse(line?.timestamp ?? '');
}

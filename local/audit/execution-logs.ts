import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { logMessages } from '../commands/read-logs.ts';

/**
 * One event of an Express workflow's log
 * (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). Inputs and outputs are JSON texts.
 */
export type ExecutionEvent = {
  type: string;
  /** Milliseconds since 1970. */
  at: number;
  details: Record<string, unknown>;
};

/** An execution as its log tells it, its events in the order they happened. */
export type LoggedExecution = { arn: string; events: ExecutionEvent[] };

/** A message of the log. Its numbers are texts. */
type LoggedEvent = {
  id: string;
  type: string;
  details?: Record<string, unknown>;
  event_timestamp: string;
  execution_arn: string;
};

/** The logs of a stack's Express workflows. */
export class ExecutionLogs {
  readonly #client: CloudWatchLogsClient;

  constructor(client: CloudWatchLogsClient) {
    this.#client = client;
  }

  /**
   * Every execution whose input speaks of `id`, the oldest first. An event that was delivered twice counts once.
   * @param since milliseconds since 1970 of the earliest event to look at
   * @throws AWS's errors as they are
   */
  async executionsAbout(id: string, logGroup: string, since: number): Promise<LoggedExecution[]> {
    const started = await this.#events(
      logGroup,
      `{ $.type = "ExecutionStarted" && $.details.input = "*${id}*" }`,
      since,
    );
    const executions: LoggedExecution[] = [];
    for (const arn of new Set(started.map(({ execution_arn }) => execution_arn))) {
      const events = await this.#events(logGroup, `{ $.execution_arn = "${arn}" }`, since);
      executions.push({ arn, events: inOrder(events) });
    }
    return executions.sort((one, other) => beginning(one) - beginning(other));
  }

  async #events(logGroupName: string, filterPattern: string, startTime: number): Promise<LoggedEvent[]> {
    const messages = await logMessages(this.#client, { logGroupName, filterPattern, startTime });
    return messages.map((message) => JSON.parse(message) as LoggedEvent);
  }
}

/** An execution that began anew, since its host died, numbers its events from 1 again. */
function inOrder(events: LoggedEvent[]): ExecutionEvent[] {
  return events
    .map(({ id, type, details = {}, event_timestamp }) => ({
      id: Number(id),
      type,
      at: Number(event_timestamp),
      details,
    }))
    .sort((one, other) => one.at - other.at || one.id - other.id)
    .map(({ type, at, details }) => ({ type, at, details }));
}

function beginning({ events }: LoggedExecution): number {
  return events[0]?.at ?? 0;
}

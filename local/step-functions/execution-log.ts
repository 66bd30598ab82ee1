import { randomBytes } from 'node:crypto';
import type { LogStore } from '../logs/log-store.ts';
import type { Execution } from './executions.ts';
import type { Details, HistoryEvent } from './interpreter/history.ts';

/** What a log without execution data leaves out. */
const executionData = ['input', 'inputDetails', 'output', 'outputDetails', 'parameters', 'assignedVariables'];

/** Writes the events of executions as Step Functions does (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). */
export class ExecutionLog {
  readonly #store: LogStore;
  readonly #began: string;
  readonly #suffix = randomBytes(4).toString('hex');

  constructor(store: LogStore) {
    this.#store = store;
    this.#began = new Date().toISOString().slice(0, 16).replace(/[T:]/g, '-');
  }

  write({ arn, machine: { log, name } }: Execution, { id, previousId, type, at, details }: HistoryEvent): void {
    if (!log) return;
    const message = {
      id: String(id),
      type,
      details: log.includeExecutionData ? details : withoutData(details),
      previous_event_id: String(previousId),
      event_timestamp: String(at),
      execution_arn: arn,
      redrive_count: '0',
    };
    const stream = `states/${name}/${this.#began}/${this.#suffix}`;
    this.#store.write(log.group, stream, JSON.stringify(message), at);
  }
}

function withoutData(details: Details): Details {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !executionData.includes(name)));
}

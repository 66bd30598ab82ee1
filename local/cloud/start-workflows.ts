import { join } from 'node:path';
import { roleCredentials } from '../edge/credentials.ts';
import type { Backend, Edge } from '../edge/edge.ts';
import type { LogStore } from '../logs/log-store.ts';
import { stepFunctionsBackend } from '../step-functions/api.ts';
import { ExecutionLog } from '../step-functions/execution-log.ts';
import { Executions } from '../step-functions/executions.ts';
import type { StateMachine } from '../step-functions/from-template.ts';
import { Calls } from '../step-functions/integrations/calls.ts';
import { Journal } from '../step-functions/journal.ts';

/** The stack's Express workflows, running: Step Functions as a backend of the edge. */
export type Workflows = {
  backend: Backend;
  /** Ends the execution whose call carried this token; others have no such token. */
  crash(token: string): void;
  /** Begins again what an earlier process left unfinished. */
  resume(): void;
  stop(): Promise<void>;
};

export type WorkflowsSettings = {
  machines: readonly StateMachine[];
  region: string;
  edge: Pick<Edge, 'url'>;
  dataFolder: string;
  logs: LogStore;
  /** Told of every event of an execution's life, for the metrics of its machine. */
  count?: (stateMachineArn: string, eventType: string) => void;
  onError: (error: unknown) => void;
};

/** Starts the service that runs state machines; every call of theirs passes the edge with the rights of their role. */
export function startWorkflows(settings: WorkflowsSettings): Workflows {
  const { machines, region, edge, dataFolder, logs, count, onError } = settings;
  const log = new ExecutionLog(logs);
  const calls = new Map(
    machines.map(({ arn, role }) => [
      arn,
      new Calls({ endpoint: edge.url, region, credentials: roleCredentials(role) }),
    ]),
  );
  const executions = new Executions({
    callsOf({ arn }) {
      const found = calls.get(arn);
      if (!found) throw new Error(`There is no state machine ${arn}`);
      return found;
    },
    headersOf: (token) => ({ 'x-embedded-worker': token }),
    journal: new Journal(join(dataFolder, 'step-functions', 'unfinished.jsonl')),
    log(execution, event) {
      count?.(execution.machine.arn, event.type);
      log.write(execution, event);
    },
    onError,
  });
  return {
    backend: stepFunctionsBackend(machines, executions),
    crash: (token) => executions.crash(token),
    resume: () => executions.resume(machines),
    async stop() {
      await executions.stop();
      await Promise.all([...calls.values()].map((role) => role.close()));
    },
  };
}

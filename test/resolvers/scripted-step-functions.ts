import { type Edge, startEdge } from '../../local/edge/edge.ts';
import type { Reply } from '../../local/edge/replies.ts';
import { allow } from '../local/edge/stub-backend.ts';
import { redriveControlArn } from './api.ts';

/** StartSyncExecution as it was called. */
export interface Started {
  host: string;
  role: string;
  stateMachineArn: string;
  /** The execution's input, parsed. */
  input: Record<string, unknown>;
}

/**
 * An edge where Step Functions answers what the test says, for the role that may run redrive-control and no other workflow.
 */
export class ScriptedStepFunctions {
  readonly edge: Edge;
  readonly started: Started[];
  readonly #replies: Reply[];

  private constructor(edge: Edge, started: Started[], replies: Reply[]) {
    this.edge = edge;
    this.started = started;
    this.#replies = replies;
  }

  static async start(): Promise<ScriptedStepFunctions> {
    const started: Started[] = [];
    const replies: Reply[] = [];
    const edge = await startEdge({
      region: 'us-east-1',
      accountId: '000000000000',
      principals: [
        {
          name: 'appsync/RedriveControl',
          arn: 'arn:aws:iam::000000000000:role/RedriveControl',
          policies: [allow('states:StartSyncExecution', redriveControlArn)],
        },
      ],
      backends: {
        states: ({ host, role, action, input }) => {
          if (action !== 'StartSyncExecution') throw new Error(`Nobody expected ${action}`);
          const { stateMachineArn, input: text } = input as { stateMachineArn: string; input: string };
          started.push({ host, role, stateMachineArn, input: JSON.parse(text) as Record<string, unknown> });
          return Promise.resolve(replies.shift() ?? { status: 500, headers: {}, body: '{}' });
        },
      },
    });
    return new ScriptedStepFunctions(edge, started, replies);
  }

  /** The next call is answered so. */
  next(status: number, body: unknown): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.#replies.push({ status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: text });
  }

  /** The next execution ends well, with this output. */
  succeed(output: unknown): void {
    this.next(200, { status: 'SUCCEEDED', output: JSON.stringify(output) });
  }

  /** The next execution fails. Step Functions answers 200 all the same. */
  fail(error: string, cause: string): void {
    this.next(200, { status: 'FAILED', error, cause });
  }

  /** Nothing is to come after all. */
  forget(): void {
    this.#replies.splice(0);
  }

  stop(): Promise<void> {
    return this.edge.stop();
  }
}

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Calls } from './integrations/calls.ts';
import type { StateMachine } from './from-template.ts';
import { realClock } from './interpreter/clock.ts';
import { execute, type ExecutionResult } from './interpreter/execution.ts';
import type { HistoryEvent } from './interpreter/history.ts';
import type { Journal } from './journal.ts';
import type { Json } from './json.ts';

/** One execution, as whoever started it knows it. */
export type Execution = { arn: string; machine: StateMachine; name: string; input: Json };

/** An execution failed that nobody waits for; the message is for a person who watches. */
export class FailedExecution extends Error {}

/** The host of an execution died on an injected fault. */
export class HostCrashed extends Error {}

class Stopping extends Error {}

export type ExecutionsSettings = {
  /** Makes the calls of a machine's role. */
  callsOf(machine: StateMachine): Calls;
  /** Headers by which a call names the execution that makes it. */
  headersOf(token: string): Record<string, string>;
  journal: Journal;
  /** Told of every event that a machine's log is to have. */
  log(execution: Execution, event: HistoryEvent): void;
  onError(error: unknown): void;
};

/** Before an execution whose host died begins again. */
const pauseAfterCrashMs = 100;

/** Runs executions: asynchronous ones at least once, synchronous ones at most once. */
export class Executions {
  readonly #settings: ExecutionsSettings;
  /** The runs under way, by the token their calls carry. */
  readonly #running = new Map<string, AbortController>();
  readonly #ending = new Set<Promise<void>>();
  #stopped = false;

  constructor(settings: ExecutionsSettings) {
    this.#settings = settings;
  }

  /** An execution that has not begun. */
  create(machine: StateMachine, input: Json, name: string = randomUUID()): Execution {
    const arn = `${machine.arn.replace(':stateMachine:', ':express:')}:${name}:${randomUUID()}`;
    return { arn, machine, name, input };
  }

  /**
   * Begins an execution that goes on by itself and is not lost: not with its host, nor with this process. "Asynchronous Express Workflows
   * use at-least-once execution" (https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).
   * @param repeats how often it runs besides, at the same time
   */
  begin(execution: Execution, repeats = 0): void {
    const { arn, name, input, machine } = execution;
    this.#settings.journal.began({ arn, name, input, machineArn: machine.arn });
    this.#continue(execution, repeats);
  }

  /** Begins again what an earlier process left unfinished. */
  resume(machines: readonly StateMachine[]): void {
    for (const { arn, machineArn, name, input } of this.#settings.journal.unfinished) {
      const machine = machines.find((candidate) => candidate.arn === machineArn);
      if (machine) this.#continue({ arn, machine, name, input }, 0);
      else this.#settings.journal.ended(arn);
    }
  }

  /**
   * Runs an execution once and waits for its end.
   * @throws HostCrashed when it was cut short: whether it had an effect is not known
   */
  async runOnce(execution: Execution): Promise<ExecutionResult> {
    const running = this.#run(execution);
    this.#track(running.then(() => undefined));
    return running;
  }

  /** Ends the execution that made a call carrying this token, as the death of its host in the middle of that call would. */
  crash(token: string): void {
    this.#running.get(token)?.abort(new HostCrashed('The host of the execution died on an injected fault'));
  }

  /** Ends all executions; asynchronous ones begin again at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const controller of this.#running.values()) controller.abort(new Stopping('The embedded cloud is stopping'));
    await Promise.allSettled(this.#ending);
  }

  #continue(execution: Execution, repeats: number): void {
    const runs = Array.from({ length: repeats + 1 }, () => this.#runUntilEnded(execution));
    const all = Promise.all(runs).then((ended) => {
      if (ended.every(Boolean)) this.#settings.journal.ended(execution.arn);
    });
    this.#track(all);
    all.catch((error: unknown) => this.#settings.onError(error));
  }

  /** False when the cloud stopped first. */
  async #runUntilEnded(execution: Execution): Promise<boolean> {
    while (!this.#stopped) {
      try {
        const result = await this.#run(execution);
        if (result.status !== 'SUCCEEDED') this.#settings.onError(new FailedExecution(describe(execution, result)));
        return true;
      } catch (error) {
        if (error instanceof Stopping) return false;
        if (!(error instanceof HostCrashed)) throw error;
        await delay(pauseAfterCrashMs);
      }
    }
    return false;
  }

  async #run(execution: Execution): Promise<ExecutionResult> {
    const { arn, machine, name, input } = execution;
    const { callsOf, headersOf, log } = this.#settings;
    const token = randomUUID();
    const controller = new AbortController();
    this.#running.set(token, controller);
    const calls = callsOf(machine);
    const host = {
      clock: realClock,
      random: () => Math.random(),
      perform: (call: Parameters<Calls['perform']>[0], signal: AbortSignal) =>
        calls.perform(call, signal, headersOf(token)),
    };
    try {
      const identity = { arn, name, roleArn: machine.roleArn, machine };
      return await execute(machine.definition, identity, input, host, controller.signal, (event) =>
        log(execution, event),
      );
    } finally {
      this.#running.delete(token);
    }
  }

  #track(ending: Promise<void>): void {
    const settled = ending.catch(() => undefined);
    this.#ending.add(settled);
    void settled.then(() => this.#ending.delete(settled));
  }
}

const longestText = 500;

function describe(
  { machine, name, input }: Execution,
  result: Exclude<ExecutionResult, { status: 'SUCCEEDED' }>,
): string {
  const { status, error, cause, history } = result;
  return [
    `Execution ${name} of ${machine.name} ${status === 'TIMED_OUT' ? 'timed out' : 'failed'}: ${error}`,
    `  cause   ${capped(cause)}`,
    `  input   ${capped(JSON.stringify(input))}`,
    `  states  ${capped(history.join(' -> '))}`,
  ].join('\n');
}

function capped(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)} .. (${text.length} characters)` : text;
}

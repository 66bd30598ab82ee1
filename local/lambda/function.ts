import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { clockAhead } from '../clock.ts';
import type { InvocationSeen } from '../cloudwatch/vended.ts';
import type { TracedInvocation } from '../xray/invocations.ts';
import type { Tracing } from '../xray/xray.ts';
import type { Invocation, WorkerReport, WorkerSettings } from './worker.ts';

/** A Lambda function of the template, resolved: what to run, as whom, and within which limits. */
export type FunctionDefinition = {
  /** The folder name under functions/, which is also the name of its role at the edge. */
  name: string;
  functionName: string;
  functionArn: string;
  bundle: string;
  exportName: string;
  environment: Record<string, string>;
  timeoutSeconds: number;
  memoryMegabytes: number;
  /** ReservedConcurrentExecutions; past it, invocations are throttled. */
  reservedConcurrency?: number;
  /** Begins traces; otherwise it only goes on with those of others. */
  tracesActively?: boolean;
};

/** A function that failed as Lambda reports it: `errorType` is the thrown error's name, or Lambda's own for timeouts and crashes. */
export class FunctionError extends Error {
  readonly errorType: string;
  /** The lines of the stack, of an error that the handler threw. */
  readonly trace: string[] | undefined;
  constructor(errorType: string, message: string, trace?: string[]) {
    super(message);
    this.name = 'FunctionError';
    this.errorType = errorType;
    this.trace = trace;
  }
}

/** Called for each line a function writes. */
export type LogLine = (line: { function: string; line: string }) => void;

/** At most this many environments of one function run here; more invocations wait. AWS would start up to 1,000. */
const maxEnvironments = 8;

type Environment = {
  worker: Worker;
  token: string;
  current?: {
    requestId: string;
    event: string;
    trace: TracedInvocation | undefined;
    timer: NodeJS.Timeout;
    resolve: (result: string) => void;
    reject: (error: Error) => void;
  };
};

/**
 * Runs one function in worker threads as Lambda runs it in execution environments: an environment serves one invocation at a time, is
 * started when none is free (a cold start), is reused while warm, and is thrown away after a timeout, a crash or an uncaught error.
 */
export class LambdaFunction {
  readonly definition: FunctionDefinition;
  readonly #edgePort: number;
  readonly #log: LogLine;
  readonly #tracing: Tracing | undefined;
  readonly #environments = new Map<string, Environment>();
  readonly #idle: Environment[] = [];
  readonly #waiting: { resolve: (environment: Environment) => void; reject: (error: unknown) => void }[] = [];
  #stopped = false;
  #seen: (invocation: InvocationSeen) => void = () => undefined;

  constructor(definition: FunctionDefinition, edgePort: number, log: LogLine, tracing?: Tracing) {
    this.definition = definition;
    this.#edgePort = edgePort;
    this.#log = log;
    this.#tracing = tracing;
  }

  /** How many execution environments there are, idle ones included. */
  get environments(): number {
    return this.#environments.size;
  }

  /** How many invocations are running now. */
  get running(): number {
    return this.#environments.size - this.#idle.length;
  }

  /**
   * Invokes the function and waits for its result.
   * @param event any JSON value: what Lambda would pass as the event
   * @param caller trace header of whoever asks
   * @returns the handler's result, through JSON
   * @throws FunctionError with the handler's error, `Sandbox.Timedout`, `Runtime.ExitError` or `TooManyRequestsException`
   */
  async invoke(event: unknown, caller?: string): Promise<unknown> {
    const { reservedConcurrency, functionName } = this.definition;
    const tell = (outcome: InvocationSeen['outcome'], durationMs: number, concurrent: number): void =>
      this.#seen({ functionName, event, outcome, durationMs, concurrent });
    if (reservedConcurrency !== undefined && this.running >= reservedConcurrency) {
      tell('throttled', 0, this.running);
      throw new FunctionError('TooManyRequestsException', `${functionName} reached its reserved concurrency`);
    }
    let began = performance.now();
    let concurrent = this.running;
    try {
      const environment = await this.#take();
      concurrent = this.running;
      // A cold start is no part of an invocation's duration.
      began = performance.now();
      const trace = this.#tracing?.begin({
        functionName,
        event,
        caller,
        active: this.definition.tracesActively === true,
      });
      const result = await this.#run(environment, JSON.stringify(event), trace);
      tell('succeeded', performance.now() - began, concurrent);
      return JSON.parse(result);
    } catch (error) {
      if (!this.#stopped) tell('failed', performance.now() - began, concurrent);
      throw error;
    }
  }

  /** Has every invocation told, as it ends. */
  watch(seen: (invocation: InvocationSeen) => void): void {
    this.#seen = seen;
  }

  /** Whether this token is that of one of this function's environments. */
  owns(workerToken: string): boolean {
    return this.#environments.has(workerToken);
  }

  /** The event, in JSON, of the invocation under way in the environment that carries this token. */
  eventOf(workerToken: string): string | undefined {
    return this.#environments.get(workerToken)?.current?.event;
  }

  /** Ends the environment that made a call carrying this token, as a crash in the middle of that call would. Returns whether it was ours. */
  crash(workerToken: string): boolean {
    const environment = this.#environments.get(workerToken);
    if (!environment) return false;
    this.#discard(environment, new FunctionError('Runtime.ExitError', 'The function crashed on an injected fault'));
    return true;
  }

  /** Ends all environments; invocations under way fail. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const environments = [...this.#environments.values()];
    const ended = new FunctionError('Runtime.ExitError', 'The embedded cloud is stopping');
    for (const environment of environments) this.#release(environment, ended);
    await Promise.all(environments.map(({ worker }) => worker.terminate()));
  }

  async #take(): Promise<Environment> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#environments.size < maxEnvironments) return this.#start();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async #start(): Promise<Environment> {
    const { definition } = this;
    const token = randomUUID();
    const settings: WorkerSettings = {
      bundle: definition.bundle,
      exportName: definition.exportName,
      functionName: definition.functionName,
      functionArn: definition.functionArn,
      memoryMegabytes: definition.memoryMegabytes,
      edge: { port: this.#edgePort, workerToken: token },
      clockAhead: clockAhead(),
    };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      env: {
        ...definition.environment,
        ...(this.#tracing && { AWS_XRAY_DAEMON_ADDRESS: this.#tracing.daemonAddress }),
      },
      workerData: settings,
      stdout: true,
      stderr: true,
    });
    for (const output of [worker.stdout, worker.stderr]) {
      createInterface({ input: output }).on('line', (line) => this.#log({ function: definition.name, line }));
    }
    const environment: Environment = { worker, token };
    this.#environments.set(token, environment);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.once('message', () => resolve());
        worker.once('error', reject);
        worker.once('exit', () =>
          reject(new FunctionError('Runtime.ExitError', 'The function ended while it started')),
        );
      });
    } catch (error) {
      this.#environments.delete(token);
      this.#startForNextWaiting();
      throw error;
    }
    worker.on('message', (report: WorkerReport) => this.#finish(environment, report));
    worker.on('error', (error) => this.#discard(environment, new FunctionError('Runtime.ExitError', String(error))));
    worker.on('exit', () => this.#discard(environment, new FunctionError('Runtime.ExitError', 'The function exited')));
    return environment;
  }

  #run(environment: Environment, event: string, trace: TracedInvocation | undefined): Promise<string> {
    const { timeoutSeconds } = this.definition;
    const requestId = randomUUID();
    const deadline = Date.now() + timeoutSeconds * 1000;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `${requestId} Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
        this.#log({ function: this.definition.name, line: message });
        this.#discard(environment, new FunctionError('Sandbox.Timedout', message));
      }, timeoutSeconds * 1000);
      environment.current = { requestId, event, trace, timer, resolve, reject };
      const traceHeader = trace?.header ?? '';
      environment.worker.postMessage({ requestId, event, deadline, traceHeader } satisfies Invocation);
    });
  }

  #finish(environment: Environment, report: WorkerReport): void {
    const { current } = environment;
    if (report.kind === 'ready' || !current || current.requestId !== report.requestId) return;
    clearTimeout(current.timer);
    environment.current = undefined;
    current.trace?.end({ failed: report.kind === 'error' });
    if (report.kind === 'result') current.resolve(report.result);
    else current.reject(new FunctionError(report.errorType, report.errorMessage, report.trace));
    const next = this.#waiting.shift();
    if (next) next.resolve(environment);
    else this.#idle.push(environment);
  }

  #discard(environment: Environment, reason: FunctionError): void {
    if (!this.#environments.has(environment.token)) return;
    const { requestId } = environment.current ?? {};
    // Lambda's own words, for those who look for them in the log.
    if (requestId !== undefined && reason.errorType === 'Runtime.ExitError') {
      const line = `RequestId: ${requestId} Error: Runtime exited with error: exit status 1`;
      this.#log({ function: this.definition.name, line });
    }
    this.#release(environment, reason);
    void environment.worker.terminate();
    this.#startForNextWaiting();
  }

  #release(environment: Environment, reason: FunctionError): void {
    this.#environments.delete(environment.token);
    const place = this.#idle.indexOf(environment);
    if (place >= 0) this.#idle.splice(place, 1);
    if (!environment.current) return;
    clearTimeout(environment.current.timer);
    environment.current.trace?.end({ failed: true });
    environment.current.reject(reason);
    environment.current = undefined;
  }

  /** A waiting invocation must not starve because the environment it waited for is gone. */
  #startForNextWaiting(): void {
    const next = this.#stopped ? undefined : this.#waiting.shift();
    if (next) this.#start().then(next.resolve, next.reject);
  }
}

import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from '../../local/lambda/function.ts';
import type { Invocation, WorkerReport, WorkerSettings } from '../../local/lambda/worker.ts';

/** What an invocation came to, and what Lambda would bill for it but for its rounding. */
export interface Invoked {
  result: unknown;
  ms: number;
}

/** One execution environment of a function, kept warm; the caller gives it one event at a time. */
export class Environment {
  readonly definition: FunctionDefinition;
  /** What it has written to its log, in bytes. */
  loggedBytes = 0;
  readonly #worker: Worker;
  readonly #timeoutMs: number;
  #invocations = 0;

  private constructor(definition: FunctionDefinition, worker: Worker) {
    this.definition = definition;
    this.#worker = worker;
    this.#timeoutMs = definition.timeoutSeconds * 1000;
    for (const output of [worker.stdout, worker.stderr]) {
      output.on('data', (chunk: Buffer) => (this.loggedBytes += chunk.length));
    }
  }

  /**
   * Loads a function as the embedded cloud does.
   *
   * @param edgePort where its AWS calls end.
   * @throws what its module throws.
   */
  static async start(definition: FunctionDefinition, edgePort: number): Promise<Environment> {
    const { bundle, exportName, functionName, functionArn, memoryMegabytes, environment } = definition;
    const workerData: WorkerSettings = {
      ...{ bundle, exportName, functionName, functionArn, memoryMegabytes },
      edge: { port: edgePort, workerToken: functionName },
      clockAhead: 0,
    };
    const worker = new Worker(new URL('../../local/lambda/worker.ts', import.meta.url), {
      env: { ...environment },
      workerData,
      stdout: true,
      stderr: true,
    });
    await nextReport(worker);
    return new Environment(definition, worker);
  }

  /** @throws Error when the function does. */
  async invoke(event: unknown): Promise<Invoked> {
    const requestId = String((this.#invocations += 1));
    const began = performance.now();
    const reported = nextReport(this.#worker);
    this.#worker.postMessage({
      requestId,
      event: JSON.stringify(event),
      deadline: Date.now() + this.#timeoutMs,
    } satisfies Invocation);
    const report = await reported;
    if (report.kind !== 'result') throw new Error(`${this.definition.name} failed: ${JSON.stringify(report)}`);
    return { result: JSON.parse(report.result), ms: performance.now() - began };
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

function nextReport(worker: Worker): Promise<WorkerReport> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (report: WorkerReport): void => settle(() => resolve(report))();
    const onError = (error: Error): void => settle(() => reject(error))();
    const onExit = (): void => settle(() => reject(new Error('The function ended.')))();
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

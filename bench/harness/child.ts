import { type ChildProcess, fork } from 'node:child_process';

/** What a child process does when asked, by name; arguments and results pass through structured cloning. */
export type Api = Record<string, (argument: never) => unknown>;

interface Question {
  id: number;
  method: string;
  argument: unknown;
}

type Answer = { id: number; result: unknown } | { id: number; error: string };

/** A child process that answers questions, and ends with whoever started it. */
export class Child<T extends Api> {
  /** What it has printed, in bytes, where that is counted. */
  writtenBytes = 0;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  readonly #ended: Promise<void>;
  #asked = 0;

  /**
   * Starts a module that calls `serve`.
   *
   * @param flags of Node.
   * @param output what becomes of what it prints: a child that is measured writes it to a pipe, where it is counted.
   */
  constructor(
    module: string,
    {
      flags = [],
      env = {},
      output = 'shown',
    }: { flags?: string[]; env?: Record<string, string>; output?: 'shown' | 'counted' } = {},
  ) {
    this.#process = fork(module, {
      execArgv: ['--disable-warning=ExperimentalWarning', ...flags],
      env: { PATH: process.env['PATH'], NODE_OPTIONS: '', ...env },
      serialization: 'advanced',
      stdio: ['inherit', output === 'shown' ? 'inherit' : 'pipe', 'inherit', 'ipc'],
    });
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.writtenBytes += chunk.length));
    this.#process.on('message', (answer: Answer) => this.#settle(answer));
    this.#ended = new Promise((resolve) =>
      this.#process.once('exit', (code, signal) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`${module} ended with ${code ?? signal}`));
        resolve();
      }),
    );
  }

  /** Asks the child to do something, and waits until it has. */
  ask<Method extends keyof T & string>(
    method: Method,
    ...[argument]: Parameters<T[Method]>
  ): Promise<Awaited<ReturnType<T[Method]>>> {
    return new Promise((resolve, reject) => {
      this.#asked += 1;
      this.#waiting.set(this.#asked, { resolve, reject });
      this.#process.send({ id: this.#asked, method, argument } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#ended;
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result as never);
  }
}

/**
 * Answers the questions of the process that started this one, until that ends.
 *
 * @param close what must be undone at the end.
 */
export function serve(api: Api, close: () => unknown = () => undefined): void {
  process.on('message', ({ id, method, argument }: Question) => {
    Promise.resolve(api[method]?.(argument as never)).then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: String((error as Error)?.stack ?? error) } satisfies Answer),
    );
  });
  process.once('disconnect', () => void Promise.resolve(close()).finally(() => process.exit()));
}

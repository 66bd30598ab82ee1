import { type Handlers, plain } from './code/handlers.ts';
import type { Outcome } from './data-sources/outcome.ts';
import { InvalidRequest } from './data-sources/requests.ts';
import { type Invocation, ResolverError } from './util/signals.ts';

/** Something a resolver's request goes to. */
export interface DataSource {
  run(request: Record<string, unknown>): Promise<Outcome>;
}

/** Code on a data source: a pipeline function, or all of a unit resolver. */
export interface Stage {
  handlers: Handlers;
  dataSource: DataSource;
}

/** A resolver: one stage, or handlers around several. */
export type Resolver = { stage: Stage } | { handlers: Handlers; stages: Stage[] };

/** What handlers see of the field they resolve; `stash`, `prev`, `result` and `error` are added as it goes. */
export interface FieldContext {
  arguments: Record<string, unknown>;
  identity: object | null;
  source: unknown;
  request: { headers: Record<string, string>; domainName: null };
  info: object;
  env: Record<string, string>;
}

/** The data source of type NONE: what the request handler gave as payload is the result. */
export const noneDataSource: DataSource = {
  run: (request) => Promise.resolve({ result: request['payload'] ?? null }),
};

/**
 * Runs a resolver for one field.
 * @returns what its last response handler returned
 * @throws ResolverError when it ended with an error
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
 */
export async function runResolver(resolver: Resolver, field: FieldContext, invocation: Invocation): Promise<unknown> {
  const run = new ResolverRun(field, invocation);
  if ('stage' in resolver) return (await run.stage(resolver.stage, null)).value;
  const before = run.handle(resolver.handlers.request, {});
  let previous = before.value;
  // Left early, a pipeline's request handler skips all functions.
  if (!before.early) {
    for (const stage of resolver.stages) {
      const { value, early } = await run.stage(stage, previous);
      previous = value;
      if (early === 'END') break;
    }
  }
  return run.handle(resolver.handlers.response, { prev: { result: previous }, result: previous }).value;
}

class ResolverRun {
  readonly #field: FieldContext;
  readonly #invocation: Invocation;
  #stash: unknown = {};

  constructor(field: FieldContext, invocation: Invocation) {
    this.#field = field;
    this.#invocation = invocation;
  }

  async stage({ handlers, dataSource }: Stage, previous: unknown): Promise<{ value: unknown; early?: 'END' | 'NEXT' }> {
    const prev = { result: previous };
    const request = this.handle(handlers.request, { prev });
    if (request.early) return request;
    const { result, error } = await this.#send(dataSource, request.value);
    return this.handle(handlers.response, { prev, result, ...(error ? { error } : {}) });
  }

  async #send(dataSource: DataSource, request: unknown): Promise<Outcome> {
    if (typeof request !== 'object' || request === null) {
      throw new ResolverError('The request handler returned no request object.', 'MappingTemplate');
    }
    try {
      return await dataSource.run(request as Record<string, unknown>);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error;
      throw new ResolverError(error.message, 'MappingTemplate');
    }
  }

  /** Calls a handler with a context of its own: between handlers, the stash and results are data outside the runtime. */
  handle(handler: Handlers['request'], results: object): ReturnType<Handlers['request']> {
    const context = plain({
      ...this.#field,
      args: this.#field.arguments,
      stash: this.#stash,
      prev: null,
      ...results,
    }) as {
      stash: unknown;
    };
    try {
      return handler(context, this.#invocation);
    } catch (error) {
      if (error instanceof ResolverError) throw error;
      throw new ResolverError(error instanceof Error ? error.message : String(error), 'Code');
    } finally {
      this.#stash = plain(context.stash);
    }
  }
}

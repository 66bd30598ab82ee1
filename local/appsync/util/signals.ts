/** An error as GraphQL answers carry it: `util.error`, `util.appendError`, or one of AppSync's own. */
export class ResolverError extends Error {
  readonly errorType: string | null;
  readonly data: unknown;
  readonly errorInfo: unknown;

  constructor(message: string, errorType?: string | null, data?: unknown, errorInfo?: unknown) {
    super(message);
    this.name = 'ResolverError';
    this.errorType = errorType ?? null;
    this.data = data ?? null;
    this.errorInfo = errorInfo ?? null;
  }
}

/** Unwinds a handler that called `runtime.earlyReturn`. */
export class EarlyReturn extends Error {
  readonly value: unknown;
  readonly skipTo: 'END' | 'NEXT';

  constructor(value: unknown, skipTo: 'END' | 'NEXT') {
    super('earlyReturn');
    this.name = 'EarlyReturn';
    this.value = value ?? null;
    this.skipTo = skipTo;
  }
}

/** What a resolver's handlers leave behind besides their results. */
export interface Invocation {
  typeName: string;
  fieldName: string;
  /** Errors of `util.appendError`, in order. */
  appended: ResolverError[];
}

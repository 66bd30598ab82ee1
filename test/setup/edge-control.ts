import type { Outputs } from './outputs.ts';

/** One line of the edge's count. */
export type CallCount = { role: string; by: string; service: string; action: string; resource: string; count: number };

/** A rule that makes calls fail, by what they are; see local/edge/faults.ts. */
export type FaultRule = {
  service?: string;
  action?: string;
  role?: string;
  resource?: string;
  about?: string;
  skip?: number;
  times?: number;
  probability?: number;
  fault:
    | { error: string; statusCode: number; message?: string; fields?: Record<string, unknown> }
    | { delayMs: number }
    | { dropReply: true }
    | { crash: true | 'after' }
    | { repeat: number };
};

/** Calls of one kind that a rule struck. */
export type StruckCalls = { role: string; by: string; service: string; action: string; count: number };

/** A rule in force, and how many calls it has struck. */
export type ActiveFault = FaultRule & { id: string; struck: number; calls: StruckCalls[] };

/** What became of one statement of the template's policies; see local/edge/iam.ts. */
export type StatementUse = {
  role: string;
  statement: string;
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
  used: number;
  decisive: number;
  unusedActions: string[];
  unusedResources: string[];
};

/** A service's work for a request; see local/xray/trace-store.ts. */
export type Segment = {
  trace_id: string;
  id: string;
  name: string;
  parent_id?: string;
  fault?: boolean;
  error?: boolean;
  annotations?: Record<string, unknown>;
  subsegments?: Segment[];
  links?: { trace_id: string }[];
};

export type Trace = { traceId: string; segments: Segment[] };

/** An alarm and its state; see local/cloudwatch/alarms.ts. */
export type ShownAlarm = {
  name: string;
  state: string;
  reason: string;
  notEvaluatedFor: string[];
  changes: { from: string; to: string; at: string }[];
};

/** What the embedded cloud's process takes; see local/process-usage.ts. */
export type ProcessUsage = {
  rss: number;
  heapUsed: number;
  fileDescriptors?: number;
  webSockets: number;
  environments: number;
};

/** The embedded cloud's control surface, which a deployed stack does not have. */
export class EdgeControl {
  readonly #url: string;

  constructor({ edge }: Outputs) {
    if (!edge) throw new Error('These outputs have no edge: this test needs the embedded cloud');
    this.#url = edge.url;
  }

  async calls(): Promise<CallCount[]> {
    return (await this.#ask('GET', 'calls')) as CallCount[];
  }

  /** How many calls of this action a role's own code made (the platform's polling left out). */
  async count(role: string, action: string): Promise<number> {
    const calls = await this.calls();
    return calls
      .filter((call) => call.role === role && call.action === action && call.by === 'function')
      .reduce((sum, call) => sum + call.count, 0);
  }

  async resetCalls(): Promise<void> {
    await this.#ask('DELETE', 'calls');
  }

  async break(rule: FaultRule): Promise<ActiveFault> {
    return (await this.#ask('POST', 'faults', rule)) as ActiveFault;
  }

  /** What became of one rule so far. */
  async fault({ id }: Pick<ActiveFault, 'id'>): Promise<ActiveFault> {
    return (await this.#ask('GET', `faults/${id}`)) as ActiveFault;
  }

  /** Takes one rule away. */
  async repair({ id }: Pick<ActiveFault, 'id'>): Promise<void> {
    await this.#ask('DELETE', `faults/${id}`);
  }

  async faults(): Promise<ActiveFault[]> {
    return (await this.#ask('GET', 'faults')) as ActiveFault[];
  }

  async policies(): Promise<StatementUse[]> {
    return (await this.#ask('GET', 'policies')) as StatementUse[];
  }

  /** The alarms of the template, each with its state. */
  async alarms(): Promise<ShownAlarm[]> {
    return (await this.#ask('GET', 'alarms')) as ShownAlarm[];
  }

  async usage(): Promise<ProcessUsage> {
    return (await this.#ask('GET', 'process')) as ProcessUsage;
  }

  /** Calls that no policy allowed. */
  async denials(): Promise<unknown[]> {
    return (await this.#ask('GET', 'denials')) as unknown[];
  }

  /** Keeps this share of the traces from now on. */
  async keepTraces(rate: number): Promise<void> {
    await this.#ask('PUT', 'traces', { rate });
  }

  /** The traces in which a message is named, or all. */
  async traces(messageId?: string): Promise<Trace[]> {
    return (await this.#ask('GET', messageId === undefined ? 'traces' : `traces?messageId=${messageId}`)) as Trace[];
  }

  async mend(): Promise<void> {
    await this.#ask('DELETE', 'faults');
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}/_edge/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The edge answered ${response.status}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
}

import type { ShownAlarm } from '../../local/cloudwatch/alarms.ts';
import type { ShownMetric } from '../../local/cloudwatch/metric-store.ts';
import type { CallCount } from '../../local/edge/calls.ts';
import type { Denial } from '../../local/edge/control.ts';
import type { ActiveFault, FaultRule } from '../../local/edge/faults.ts';
import type { StatementUse } from '../../local/edge/iam.ts';
import type { ProcessUsage } from '../../local/cloud/process-usage.ts';
import type { Trace } from '../../local/xray/trace-store.ts';
import type { Outputs } from './outputs.ts';

export type { ShownAlarm } from '../../local/cloudwatch/alarms.ts';
export type { CallCount } from '../../local/edge/calls.ts';
export type { ActiveFault, FaultRule, StruckCalls } from '../../local/edge/faults.ts';
export type { StatementUse } from '../../local/edge/iam.ts';
export type { ProcessUsage } from '../../local/cloud/process-usage.ts';
export type { Segment, Trace } from '../../local/xray/trace-store.ts';

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

  /** Every metric that was written, of the service and of AWS. */
  async metrics(): Promise<ShownMetric[]> {
    return (await this.#ask('GET', 'metrics')) as ShownMetric[];
  }

  async usage(): Promise<ProcessUsage> {
    return (await this.#ask('GET', 'process')) as ProcessUsage;
  }

  /** Calls that no policy allowed. */
  async denials(): Promise<Denial[]> {
    return (await this.#ask('GET', 'denials')) as Denial[];
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

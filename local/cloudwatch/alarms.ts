import { type AlarmState, type Datapoint, evaluate, evaluationRange } from './evaluation.ts';
import { type AlarmDefinition, breaches } from './from-template.ts';
import type { MetricIdentity, MetricStore } from './metric-store.ts';
import { isKept } from './vended.ts';

/** A change of an alarm's state. */
export type AlarmChange = { from: AlarmState; to: AlarmState; at: string; reason: string };

/** An alarm as the control surface shows it. */
export type ShownAlarm = {
  name: string;
  state: AlarmState;
  reason: string;
  description: string;
  /** Metrics it reads that nothing here writes: with one of them missing it is not evaluated. */
  notEvaluatedFor: string[];
  /** The latest last. */
  changes: AlarmChange[];
};

type Entry = {
  definition: AlarmDefinition;
  notEvaluatedFor: string[];
  state: AlarmState;
  reason: string;
  changes: AlarmChange[];
};

/** Of each alarm; AWS keeps them for two weeks. */
const keptChanges = 100;

/** The template's alarms and their states, which last as long as this process. */
export class Alarms {
  readonly #entries: Entry[];
  readonly #store: MetricStore;
  readonly #onChange: (definition: AlarmDefinition, change: AlarmChange) => void;

  /**
   * @param onChange called for every change of state
   * @param written whether somebody here writes a metric
   */
  constructor(
    definitions: AlarmDefinition[],
    store: MetricStore,
    onChange: (definition: AlarmDefinition, change: AlarmChange) => void,
    written: (metric: MetricIdentity) => boolean = isKept,
  ) {
    this.#store = store;
    this.#onChange = onChange;
    this.#entries = definitions.map((definition) => {
      const missing = definition.watched.filter(({ metric }) => !written(metric));
      const notEvaluatedFor = [...new Set(missing.map(({ metric: { namespace, name } }) => `${namespace} ${name}`))];
      const reason =
        notEvaluatedFor.length > 0 ? `Nothing here writes ${notEvaluatedFor.join(', ')}` : 'Not evaluated yet';
      return { definition, notEvaluatedFor, state: 'INSUFFICIENT_DATA', reason, changes: [] };
    });
  }

  /** Evaluates every alarm by what is known up to the end of a minute. */
  evaluate(lastMinute: number): void {
    for (const entry of this.#entries) {
      if (entry.notEvaluatedFor.length > 0) continue;
      const points = this.#points(entry.definition, lastMinute);
      const to = evaluate(points, entry.definition, entry.state);
      if (to !== entry.state) this.#change(entry, to, points);
    }
  }

  list(): ShownAlarm[] {
    return this.#entries.map(({ definition: { name, description }, ...entry }) => ({
      name,
      state: entry.state,
      reason: entry.reason,
      description,
      notEvaluatedFor: entry.notEvaluatedFor,
      changes: entry.changes,
    }));
  }

  /** The data points of the evaluation range, the oldest first. */
  #points(definition: AlarmDefinition, lastMinute: number): Datapoint[] {
    const { watched, expression } = definition;
    return Array.from({ length: evaluationRange(definition) }, (_none, index) => {
      const minute = lastMinute - evaluationRange(definition) + 1 + index;
      const value = expression.evaluate((id) => {
        const found = watched.find((each) => each.id === id);
        return found && this.#store.read(found.metric, found.statistic, minute);
      });
      return value === undefined ? undefined : breaches(definition, value);
    });
  }

  #change(entry: Entry, to: AlarmState, points: readonly Datapoint[]): void {
    const { definition, state: from } = entry;
    const beyond = points.filter(Boolean).length;
    const known = points.filter((point) => point !== undefined).length;
    const { comparison, threshold, datapointsToAlarm, evaluationPeriods } = definition;
    entry.reason =
      `${beyond} of ${known} minutes with data were ${comparison} ${threshold}; ` +
      `it takes ${datapointsToAlarm} of ${evaluationPeriods}`;
    entry.state = to;
    const change = { from, to, at: new Date().toISOString(), reason: entry.reason };
    entry.changes.push(change);
    entry.changes.splice(0, entry.changes.length - keptChanges);
    this.#onChange(definition, change);
  }
}

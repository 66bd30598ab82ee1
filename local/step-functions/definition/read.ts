import { compileTemplate, type Template } from '../expressions/template.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import {
  branchFields,
  catcherFields,
  choiceFields,
  machineFields,
  processorFields,
  refusedFields,
  retrierFields,
  stateFields,
} from './fields.ts';
import type { Catcher, Choice, Flow, Machine, Outcome, Recovering, Retrier, State } from './machine.ts';
import type { Problems } from './problems.ts';
import { type Resource, readResource } from './resource.ts';

/** The longest an Express execution may take (https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html). */
export const expressSeconds = 300;

/** The longest a Retry may wait (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). */
const longestDelaySeconds = 31_622_400;
const largestCount = 99_999_999;

/** Reads a definition of an Express JSONata machine; what is wrong or not implemented goes to `problems`. */
export function readMachine(definition: JsonObject, problems: Problems): Machine {
  const reader = new Reader(problems);
  reader.allow('definition', definition, machineFields);
  if (definition['QueryLanguage'] !== 'JSONata') {
    problems.add('definition', 'QueryLanguage: only JSONata is implemented, and it is to be said at the top');
  }
  if (definition['Version'] !== undefined && definition['Version'] !== '1.0') {
    problems.add('definition', `Version: there is only "1.0", and this is ${JSON.stringify(definition['Version'])}`);
  }
  const timeout = definition['TimeoutSeconds'];
  const machine = reader.flow('definition', definition);
  if (timeout === undefined) return machine;
  return { ...machine, timeoutSeconds: reader.number('definition', 'TimeoutSeconds', timeout, 1, largestCount) };
}

class Reader {
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Names every field that is not among those allowed. */
  allow(place: string, value: JsonObject, fields: readonly string[]): void {
    for (const field of Object.keys(value)) {
      if (fields.includes(field)) continue;
      this.#problems.add(place, `${field} ${refusedFields[field] ?? 'is not a field there'}`);
    }
    const language = value['QueryLanguage'];
    if (fields.includes('QueryLanguage') && language !== undefined && language !== 'JSONata') {
      this.#problems.add(place, `QueryLanguage ${JSON.stringify(language)} is not implemented; JSONata is`);
    }
  }

  flow(place: string, value: JsonObject): Flow {
    const { StartAt: startAt, States: source } = value;
    const states = new Map<string, State>();
    for (const [name, state] of Object.entries(isObject(source) ? source : {})) {
      // https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
      if (name.length > 80) this.#problems.add(name, 'a name of a state has at most 80 characters');
      const read = isObject(state) ? this.#state(name, state) : this.#missing(name, 'expected an object');
      if (read) states.set(name, read);
    }
    if (states.size === 0) this.#problems.add(place, 'States: expected at least one');
    if (typeof startAt !== 'string') this.#problems.add(place, 'StartAt: expected the name of a state');
    return { startAt: String(startAt), states };
  }

  number(place: string, field: string, value: unknown, least: number, most: number): number {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.#problems.add(place, `${field}: expected a number from ${least} to ${most}, and got ${JSON.stringify(value)}`);
    return least;
  }

  #whole(place: string, field: string, value: unknown, least: number, most: number): number {
    if (typeof value === 'number' && !Number.isInteger(value)) {
      this.#problems.add(place, `${field}: expected a whole number, and got ${value}`);
    }
    return this.number(place, field, value, least, most);
  }

  #state(name: string, state: JsonObject): State | undefined {
    const type = String(state['Type']);
    const fields = stateFields[type];
    if (!fields) return this.#missing(name, `Type: there is no ${JSON.stringify(state['Type'])}`);
    this.allow(name, state, fields);
    switch (type) {
      case 'Task':
        return {
          ...{ type, name, ...this.#following(name, state), ...this.#outcome(name, state) },
          ...this.#recovering(name, state),
          resource: this.#resource(name, state['Resource']),
          ...this.#optional(name, state, 'Arguments', 'arguments'),
          ...this.#optional(name, state, 'TimeoutSeconds', 'timeoutSeconds'),
        };
      case 'Pass':
        return { type, name, ...this.#following(name, state), ...this.#outcome(name, state) };
      case 'Choice':
        return {
          ...{ type, name, ...this.#outcome(name, state), choices: this.#choices(name, state['Choices']) },
          ...(state['Default'] === undefined ? {} : { default: this.#target(name, 'Default', state['Default']) }),
        };
      case 'Wait':
        if ((state['Seconds'] === undefined) === (state['Timestamp'] === undefined)) {
          this.#problems.add(name, 'expected either Seconds or Timestamp');
        }
        return {
          ...{ type, name, ...this.#following(name, state), ...this.#outcome(name, state) },
          ...this.#optional(name, state, 'Seconds', 'seconds'),
          ...this.#optional(name, state, 'Timestamp', 'timestamp'),
        };
      case 'Succeed':
        return { type, name, ...this.#optional(name, state, 'Output', 'output') };
      case 'Fail':
        return {
          ...{ type, name, ...this.#optional(name, state, 'Error', 'error') },
          ...this.#optional(name, state, 'Cause', 'cause'),
        };
      case 'Parallel':
        return {
          ...{ type, name, ...this.#following(name, state), ...this.#outcome(name, state) },
          ...this.#recovering(name, state),
          branches: this.#branches(name, state['Branches']),
          ...this.#optional(name, state, 'Arguments', 'arguments'),
        };
      default:
        return {
          ...{ type: 'Map', name, ...this.#following(name, state), ...this.#outcome(name, state) },
          ...this.#recovering(name, state),
          processor: this.#processor(name, state['ItemProcessor']),
          ...this.#optional(name, state, 'Items', 'items'),
          ...this.#optional(name, state, 'ItemSelector', 'itemSelector'),
          ...this.#optional(name, state, 'MaxConcurrency', 'maxConcurrency'),
        };
    }
  }

  #missing(place: string, problem: string): undefined {
    this.#problems.add(place, problem);
    return undefined;
  }

  #resource(name: string, value: unknown): Resource {
    const read = this.#problems.attempt(`${name}/Resource`, () => readResource(value));
    return read ?? { resourceType: '', resource: '' };
  }

  #template(name: string, location: string, value: Json): Template | undefined {
    return this.#problems.attempt(name, () => compileTemplate(value, location));
  }

  #optional<Name extends string>(
    name: string,
    state: JsonObject,
    field: string,
    as: Name,
  ): { [key in Name]?: Template } {
    const value = state[field];
    const template = value === undefined ? undefined : this.#template(name, field, value);
    return template === undefined ? {} : ({ [as]: template } as { [key in Name]?: Template });
  }

  #following(name: string, { Next: next, End: end }: JsonObject): { next?: string } {
    if ((next === undefined) === (end !== true)) this.#problems.add(name, 'expected either Next or "End": true');
    return next === undefined ? {} : { next: this.#target(name, 'Next', next) };
  }

  #target(name: string, field: string, value: unknown): string {
    if (typeof value !== 'string') this.#problems.add(name, `${field}: expected the name of a state`);
    return String(value);
  }

  #outcome(name: string, source: JsonObject, place = ''): Outcome {
    const output = source['Output'];
    const assign = source['Assign'];
    if (assign !== undefined && !isObject(assign)) this.#problems.add(name, `${place}Assign: expected an object`);
    const outputTemplate = output === undefined ? undefined : this.#template(name, `${place}Output`, output);
    const assignTemplate = assign === undefined ? undefined : this.#template(name, `${place}Assign`, assign);
    return {
      ...(outputTemplate === undefined ? {} : { output: outputTemplate }),
      ...(assignTemplate === undefined ? {} : { assign: assignTemplate }),
    };
  }

  #list(name: string, field: string, value: unknown): [string, JsonObject][] {
    if (value === undefined) return [];
    const objects = Array.isArray(value) ? value.filter(isObject) : [];
    if (!Array.isArray(value) || objects.length !== value.length || objects.length === 0) {
      this.#problems.add(name, `${field}: expected a list of objects`);
    }
    return objects.map((object, index) => [`${field}[${index}]`, object]);
  }

  #choices(name: string, value: unknown): Choice[] {
    if (value === undefined) this.#problems.add(name, 'Choices: expected at least one');
    return this.#list(name, 'Choices', value).flatMap(([place, choice]) => {
      this.allow(`${name}/${place}`, choice, choiceFields);
      const condition = this.#template(name, `${place}/Condition`, choice['Condition'] ?? null);
      if (choice['Condition'] === undefined) this.#problems.add(name, `${place}/Condition is missing`);
      if (!condition) return [];
      const next = this.#target(name, `${place}/Next`, choice['Next']);
      return [{ condition, next, ...this.#outcome(name, choice, `${place}/`) }];
    });
  }

  #branches(name: string, value: unknown): Flow[] {
    if (value === undefined) this.#problems.add(name, 'Branches: expected at least one');
    return this.#list(name, 'Branches', value).map(([place, branch]) => {
      this.allow(`${name}/${place}`, branch, branchFields);
      return this.flow(`${name}/${place}`, branch);
    });
  }

  #processor(name: string, value: unknown): Flow {
    const place = `${name}/ItemProcessor`;
    if (!isObject(value)) {
      this.#problems.add(place, 'expected an object');
      return { startAt: '', states: new Map() };
    }
    this.allow(place, value, processorFields);
    const config = value['ProcessorConfig'] ?? {};
    const mode = isObject(config) ? (config['Mode'] ?? 'INLINE') : config;
    if (mode !== 'INLINE') {
      this.#problems.add(place, `Express workflows have no Map of mode ${JSON.stringify(mode)}, only INLINE`);
    }
    if (isObject(config)) this.allow(`${place}/ProcessorConfig`, config, ['Mode']);
    return this.flow(place, value);
  }

  #recovering(name: string, state: JsonObject): Recovering {
    const retry = this.#list(name, 'Retry', state['Retry']).map(([place, retrier]) =>
      this.#retrier(`${name}/${place}`, retrier),
    );
    const catchers = this.#list(name, 'Catch', state['Catch']).map(([place, catcher]): Catcher => {
      this.allow(`${name}/${place}`, catcher, catcherFields);
      const next = this.#target(name, `${place}/Next`, catcher['Next']);
      const errorEquals = this.#errors(`${name}/${place}`, catcher['ErrorEquals']);
      return { next, errorEquals, ...this.#outcome(name, catcher, `${place}/`) };
    });
    this.#wildcardLast(name, 'Retry', retry);
    this.#wildcardLast(name, 'Catch', catchers);
    return { retry, catch: catchers };
  }

  #retrier(place: string, source: JsonObject): Retrier {
    this.allow(place, source, retrierFields);
    const field = (name: string, fallback: Json): Json => source[name] ?? fallback;
    const jitter = field('JitterStrategy', 'NONE');
    if (jitter !== 'FULL' && jitter !== 'NONE') {
      this.#problems.add(place, `JitterStrategy: expected FULL or NONE, and got ${JSON.stringify(jitter)}`);
    }
    const intervalSeconds = this.#whole(place, 'IntervalSeconds', field('IntervalSeconds', 1), 1, largestCount);
    const maxDelay = field('MaxDelaySeconds', longestDelaySeconds);
    if (source['MaxDelaySeconds'] !== undefined && Number(maxDelay) <= intervalSeconds) {
      this.#problems.add(place, 'MaxDelaySeconds: expected more than IntervalSeconds');
    }
    return {
      errorEquals: this.#errors(place, source['ErrorEquals']),
      intervalSeconds,
      maxAttempts: this.#whole(place, 'MaxAttempts', field('MaxAttempts', 3), 0, largestCount),
      backoffRate: this.number(place, 'BackoffRate', field('BackoffRate', 2), 1, Number.MAX_VALUE),
      maxDelaySeconds: this.#whole(place, 'MaxDelaySeconds', maxDelay, 1, longestDelaySeconds),
      jitter: jitter === 'FULL' ? 'FULL' : 'NONE',
    };
  }

  #errors(place: string, value: unknown): string[] {
    const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
    if (!Array.isArray(value) || names.length === 0 || names.length !== value.length) {
      this.#problems.add(place, 'ErrorEquals: expected a list of error names');
    }
    if (names.length > 1 && names.includes('States.ALL')) {
      this.#problems.add(place, 'ErrorEquals: States.ALL stands alone');
    }
    return names;
  }

  /** "It must appear alone in the ErrorEquals array and must appear in the last retrier" (Amazon States Language, Retriers). */
  #wildcardLast(name: string, field: string, list: readonly { errorEquals: string[] }[]): void {
    const at = list.findIndex(({ errorEquals }) => errorEquals.includes('States.ALL'));
    if (at >= 0 && at < list.length - 1) this.#problems.add(name, `${field}: States.ALL belongs into the last entry`);
  }
}

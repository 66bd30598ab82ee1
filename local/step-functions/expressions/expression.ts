import jsonata from 'jsonata';
import { EvaluationFailure } from '../failure.ts';
import type { Json } from '../json.ts';
import { provideFunctions } from './functions.ts';

/** What expressions see: `$states` and the variables in scope, by name without the dollar sign. */
export type Bindings = Readonly<Record<string, unknown>>;

/** Longer than any expression of a workflow takes; what loops for ever must not stop the whole cloud. */
const longestEvaluationMs = 5_000;

/** A JSONata expression, compiled once. */
export class Expression {
  /** The text between `{%` and `%}`. */
  readonly source: string;
  /** Where it stands within its state, `Arguments/Item/chatId`. */
  readonly location: string;
  readonly #compiled: jsonata.Expression;

  /** @throws Error of JSONata's when the text is no expression */
  constructor(source: string, location: string) {
    this.source = source;
    this.location = location;
    this.#compiled = jsonata(source, { timeout: longestEvaluationMs });
    provideFunctions(this.#compiled);
  }

  /** Its syntax tree, as JSONata has it. */
  get tree(): unknown {
    return this.#compiled.ast();
  }

  /**
   * The value, as plain JSON.
   * @throws EvaluationFailure when it fails, or gives nothing or what JSON cannot hold
   */
  async evaluate(bindings: Bindings): Promise<Json> {
    let value: unknown;
    try {
      value = await this.#compiled.evaluate(undefined, bindings);
    } catch (error) {
      throw this.#failure(`threw an error during evaluation. ${describe(error)}`);
    }
    if (value === undefined) throw this.#failure('returned nothing (undefined).');
    return this.#toJson(value);
  }

  /** JSONata marks its arrays and may leave functions in them: what goes on is a copy that is JSON. */
  #toJson(value: unknown): Json {
    const text = JSON.stringify(value, (_name, inner: unknown) => {
      if (typeof inner === 'function' || isLambda(inner)) throw this.#failure('returned a function.');
      // Step Functions would go on with the text "Infinity" here.
      if (typeof inner === 'number' && !Number.isFinite(inner))
        throw this.#failure(`returned ${inner}, no JSON number.`);
      return inner;
    });
    return JSON.parse(text) as Json;
  }

  #failure(what: string): EvaluationFailure {
    const cause = `The JSONata expression '${this.source}' specified for the field '${this.location}' ${what}`;
    return new EvaluationFailure(this.location, cause);
  }
}

function isLambda(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('_jsonata_lambda' in value || '_jsonata_function' in value);
}

function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(': ');
}

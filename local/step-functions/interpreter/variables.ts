import { Failure } from '../failure.ts';
import { type Json, type JsonObject, sizeOf } from '../json.ts';
import { maxPayloadBytes, maxVariablesBytes } from './limits.ts';

/** The variables of a scope: those of the scopes around it can be seen, its own can be assigned. */
export class Variables {
  readonly #outer: Variables | undefined;
  readonly #own = new Map<string, Json>();

  constructor(outer?: Variables) {
    this.#outer = outer;
  }

  /** Every variable that can be seen, by name. */
  all(): JsonObject {
    return { ...this.#outer?.all(), ...Object.fromEntries(this.#own) };
  }

  /**
   * Assigns all of them at once.
   * @throws Failure States.DataLimitExceeded (https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html, "Limits")
   */
  assign(values: JsonObject): void {
    if (Object.values(values).reduce<number>((sum, value) => sum + sizeOf(value), 0) > maxPayloadBytes) {
      throw new Failure('States.DataLimitExceeded', `One Assign takes at most ${maxPayloadBytes} bytes.`);
    }
    for (const [name, value] of Object.entries(values)) this.#own.set(name, value);
    if (sizeOf(this.all()) > maxVariablesBytes) {
      throw new Failure(
        'States.DataLimitExceeded',
        `An execution's variables take at most ${maxVariablesBytes} bytes.`,
      );
    }
  }
}

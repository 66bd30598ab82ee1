/** An error of a state or an execution, as Retry and Catch see it: an error name and text for people. */
export class Failure extends Error {
  readonly error: string;
  override readonly cause: string;

  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`);
    this.name = 'Failure';
    this.error = error;
    this.cause = cause;
  }
}

/** An expression or a field's value that is wrong, with the place of the field within its state (`Arguments/Item`). */
export class EvaluationFailure extends Failure {
  readonly location: string;

  constructor(location: string, cause: string) {
    super('States.QueryEvaluationError', cause);
    this.location = location;
  }
}

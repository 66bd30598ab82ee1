import type { InvocationSeen } from '../cloudwatch/vended.ts';
import { textMatcher } from '../edge/wildcard.ts';
import type { Tracing } from '../xray/xray.ts';
import { type FunctionDefinition, LambdaFunction, type LogLine } from './function.ts';

/** An AWS::Lambda::Permission, resolved: who may invoke a function, and for which source. */
export type InvokePermission = { functionArn: string; principal: string; sourceArn?: string };

/** The functions of a stack, and who may invoke them. */
export class Functions {
  readonly #byArn: Map<string, LambdaFunction>;
  readonly #permissions: InvokePermission[];

  constructor(
    definitions: FunctionDefinition[],
    permissions: InvokePermission[],
    edgePort: number,
    log: LogLine,
    tracing?: Tracing,
  ) {
    this.#byArn = new Map(
      definitions.map((definition) => [definition.functionArn, new LambdaFunction(definition, edgePort, log, tracing)]),
    );
    this.#permissions = permissions;
  }

  /** Has every invocation told, as it ends. */
  watch(seen: (invocation: InvocationSeen) => void): void {
    for (const watched of this.#byArn.values()) watched.watch(seen);
  }

  has(functionArn: string): boolean {
    return this.#byArn.has(functionArn);
  }

  /** @throws Error when the template defines no such function */
  get(functionArn: string): LambdaFunction {
    const found = this.#byArn.get(functionArn);
    if (!found) throw new Error(`The template defines no function ${functionArn}`);
    return found;
  }

  /**
   * Invokes a function for an AWS service, if the function's resource policy lets that service do so for that source.
   * @param principal the service, for example `apigateway.amazonaws.com`
   * @see https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
   */
  async invokeFor(principal: string, sourceArn: string, functionArn: string, event: unknown): Promise<unknown> {
    const allowed = this.#permissions.some(
      (permission) =>
        permission.functionArn === functionArn &&
        permission.principal === principal &&
        (permission.sourceArn === undefined || textMatcher(permission.sourceArn)(sourceArn)),
    );
    if (!allowed)
      throw new Error(`${principal} may not invoke ${functionArn} for ${sourceArn}: no Lambda permission allows it`);
    return this.get(functionArn).invoke(event);
  }

  /** How many execution environments there are, of all functions. */
  get environments(): number {
    return [...this.#byArn.values()].reduce((sum, { environments }) => sum + environments, 0);
  }

  /** Crashes the environment that carries this token, whichever function it belongs to. */
  crash(workerToken: string): void {
    for (const candidate of this.#byArn.values()) if (candidate.crash(workerToken)) return;
  }

  /** The role of the environment that carries this token, if it is one of ours. */
  roleOf(workerToken: string): string | undefined {
    return [...this.#byArn.values()].find((candidate) => candidate.owns(workerToken))?.definition.name;
  }

  /** The event, in JSON, of the invocation under way in the environment that carries this token. */
  eventOf(workerToken: string): string | undefined {
    return [...this.#byArn.values()].find((candidate) => candidate.owns(workerToken))?.eventOf(workerToken);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byArn.values()].map((candidate) => candidate.stop()));
  }
}

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { loadDefinition } from '../../local/step-functions/definition/load.ts';
import type { Machine } from '../../local/step-functions/definition/machine.ts';
import { Calls, type CallSettings } from '../../local/step-functions/integrations/calls.ts';
import type { Clock } from '../../local/step-functions/interpreter/clock.ts';
import { execute, type ExecutionResult } from '../../local/step-functions/interpreter/execution.ts';
import { virtualClock } from './virtual-clock.ts';
import { isObject, type Json, type JsonObject } from '../../local/step-functions/json.ts';

export { Failure } from '../../local/step-functions/failure.ts';

/** A call of a Task: `{service: 'dynamodb', action: 'transactWriteItems', parameters}`; `lambda`, `invoke` for a function. */
export type SdkCall = { service: string; action: string; parameters: JsonObject };

/**
 * Answers a Task's call with what the integration gives as its result (`lambda:invoke`: `{Payload}`). Throw `new Failure(name, cause)` for
 * an error by the name Step Functions gives it, such as `DynamoDb.ConditionalCheckFailedException`.
 */
export type Perform = (call: SdkCall, signal: AbortSignal) => unknown;

export type RunOptions = {
  /** Answers the calls; or where the real SDK clients are to send them, and as whom. */
  perform: Perform | CallSettings;
  /** One on which waits pass at once, unless given. */
  clock?: Clock;
  /** For the jitter of retries; Math.random unless given. */
  random?: () => number;
  /** The execution's name. */
  name?: string;
};

/** Loads a definition file. @throws RefusedDefinition naming all that AWS or the embedded cloud would refuse */
export function loadDefinitionFile(file: string, substitutions: Record<string, string>): Machine {
  return loadDefinition(basename(file), readFileSync(file, 'utf8'), substitutions);
}

/**
 * Runs a machine without a cloud, once, from its start to its end.
 * @returns the status, the output or the error and its cause, and the names of the states it went through
 */
export async function runDefinition(machine: Machine, input: Json, options: RunOptions): Promise<ExecutionResult> {
  const { perform, clock = virtualClock(), random = Math.random, name = 'test' } = options;
  const prefix = 'arn:aws:states:us-east-1:000000000000';
  const identity = {
    arn: `${prefix}:express:test:${name}:run`,
    name,
    roleArn: 'arn:aws:iam::000000000000:role/test',
    machine: { arn: `${prefix}:stateMachine:test`, name: 'test' },
  };
  const calls = typeof perform === 'function' ? undefined : new Calls(perform);
  const host = {
    clock,
    random,
    perform: async (call: Parameters<Calls['perform']>[0], signal: AbortSignal): Promise<Json> => {
      if (calls) return calls.perform(call, signal);
      const { resource, resourceType } = call.resource;
      const service = resourceType.replace('aws-sdk:', '');
      const parameters = isObject(call.arguments) ? call.arguments : {};
      const answer = await (perform as Perform)({ service, action: resource, parameters }, signal);
      return JSON.parse(JSON.stringify(answer ?? {})) as Json;
    },
  };
  try {
    return await execute(machine, identity, input, host, new AbortController().signal);
  } finally {
    await calls?.close();
  }
}

import type { AwsCall } from '../edge/call.ts';
import type { Backend } from '../edge/edge.ts';
import { errorReply, type Reply } from '../edge/replies.ts';
import { type Executions, HostCrashed } from './executions.ts';
import type { StateMachine } from './from-template.ts';
import type { ExecutionResult } from './interpreter/execution.ts';
import { maxPayloadBytes } from './interpreter/limits.ts';
import type { Json } from './json.ts';

/** A call that is refused, with the name Step Functions gives the error. */
class Refused extends Error {
  readonly error: string;
  readonly statusCode: number;
  constructor(error: string, message: string, statusCode = 400) {
    super(message);
    this.error = error;
    this.statusCode = statusCode;
  }
}

type Request = { machine: StateMachine; input: Json; text: string; name?: string };

/**
 * The Step Functions API for Express machines: StartExecution and StartSyncExecution
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html).
 */
export function stepFunctionsBackend(machines: readonly StateMachine[], executions: Executions): Backend {
  return async (call) => {
    try {
      return await answer(call, machines, executions);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { error: name, statusCode, message } = error;
      return errorReply('states', call.id, { error: name, statusCode, message });
    }
  };
}

async function answer(call: AwsCall, machines: readonly StateMachine[], executions: Executions): Promise<Reply> {
  switch (call.action) {
    case 'StartExecution': {
      const { machine, input, name } = readRequest(call.input, machines);
      const execution = executions.create(machine, input, name);
      executions.begin(execution, call.repeats);
      return json(call, { executionArn: execution.arn, startDate: seconds(Date.now()) });
    }
    case 'StartSyncExecution':
      return startSync(call, readRequest(call.input, machines), executions);
    case 'DescribeExecution':
    case 'GetExecutionHistory':
    case 'ListExecutions':
    case 'StopExecution':
      throw new Refused('StateMachineTypeNotSupported', `${call.action} is not supported for EXPRESS state machines`);
    default:
      throw new Refused('UnknownOperationException', `The embedded Step Functions has no ${call.action}.`);
  }
}

async function startSync(call: AwsCall, request: Request, executions: Executions): Promise<Reply> {
  const { machine, input, text, name } = request;
  const execution = executions.create(machine, input, name);
  const startDate = seconds(Date.now());
  let result: ExecutionResult;
  try {
    result = await executions.runOnce(execution);
  } catch (error) {
    if (error instanceof HostCrashed) throw new Refused('InternalServerError', error.message, 500);
    throw error;
  }
  const { status } = result;
  const ended =
    result.status === 'SUCCEEDED'
      ? { output: JSON.stringify(result.output), outputDetails: { included: true } }
      : { error: result.error, cause: result.cause };
  return json(call, {
    ...{ executionArn: execution.arn, stateMachineArn: machine.arn, name: execution.name, status, ...ended },
    ...{ input: text, inputDetails: { included: true }, startDate, stopDate: seconds(Date.now()) },
    billingDetails: { billedDurationInMilliseconds: 100, billedMemoryUsedInMB: 64 },
  });
}

function readRequest(given: Record<string, unknown>, machines: readonly StateMachine[]): Request {
  const { stateMachineArn, input: text = '{}', name } = given;
  if (typeof stateMachineArn !== 'string') {
    throw new Refused(
      'ValidationException',
      "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null",
    );
  }
  if (!stateMachineArn.startsWith('arn:')) throw new Refused('InvalidArn', `Invalid Arn: '${stateMachineArn}'`);
  const machine = machines.find(({ arn }) => arn === stateMachineArn);
  if (!machine) throw new Refused('StateMachineDoesNotExist', `State Machine Does Not Exist: '${stateMachineArn}'`);
  if (typeof text !== 'string' || Buffer.byteLength(text) > maxPayloadBytes) {
    const limit = `Member must have length less than or equal to ${maxPayloadBytes}`;
    throw new Refused('ValidationException', `Value at 'input' failed to satisfy constraint: ${limit}`);
  }
  const named = name === undefined || name === null ? {} : { name: readName(name) };
  return { machine, text, input: parse(text), ...named };
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, `name` */
function readName(name: unknown): string {
  // Printable characters but those the page excludes.
  if (typeof name === 'string' && /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u.test(name)) return name;
  throw new Refused('InvalidName', `Invalid Name: '${String(name)}'`);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refused('InvalidExecutionInput', `Invalid State Machine Execution Input: '${reason}'`);
  }
}

/** Times in the JSON protocol. */
function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}

function json({ id }: AwsCall, body: object): Reply {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': id };
  return { status: 200, headers, body: JSON.stringify(body) };
}

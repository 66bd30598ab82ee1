import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine, type Engine } from '../../../local/dynamodb/engine.ts';
import { routeAwsTo } from './route.ts';
import { createTables, keyOf } from './tables.ts';

/** One call that reached AWS: `PublishCommand` is `Publish`, a post to a connection `PostToConnection`. */
export interface Call {
  action: string;
  input: Record<string, unknown>;
}

/** What AWS answers instead of doing what it is asked. `cancellation`: a cancelled transaction, one reason an action. */
export type Fault =
  | { error: string; status?: number }
  | { cancellation: (string | { Code: string; Item: object })[] }
  /** Done, but never heard of. */
  | { dropReply: true }
  /** Something else than the truth. */
  | { answer: object }
  | { afterMs: number }
  /** Done, but only once this has happened: what somebody else does at that very moment. */
  | { meanwhile: () => Promise<unknown> }
  /** A transaction takes so long, and another one that meets it at a row is cancelled, as on AWS. */
  | { isolatedForMs: number };

/** A call with what AWS does about it. */
type Understood = Call & { perform: () => Promise<Answer> };
type Answer = { status: number; body: string; type?: string; headers?: Record<string, string> };

/**
 * AWS at its edge, for functions that run inside the test: DynamoDB is a real engine; SNS, SQS and the connections of API
 * Gateway take everything and remember it. Each call is noted, and any can be made to fail.
 */
export class Aws {
  readonly calls: Call[] = [];
  /** What each connection received, as text. */
  readonly received = new Map<string, string[]>();
  /** What Lambda runs when it is asked to, by the functions' names or ARNs. */
  readonly functions = new Map<string, (event: never) => Promise<unknown>>();
  /** What Cognito answers when asked for the keys of a user pool. */
  jwks: object = { keys: [] };
  readonly #faults: { action: string; fault: Fault; applies: (input: Call['input']) => boolean; times: number }[] = [];
  readonly #engine: Engine;
  readonly #dataFolder: string;
  readonly #server: Server;
  #unroute = (): void => undefined;

  private constructor(engine: Engine, dataFolder: string, server: Server) {
    this.#engine = engine;
    this.#dataFolder = dataFolder;
    this.#server = server;
  }

  /** Starts it, and tells the functions of this process where it is. */
  static async start(): Promise<Aws> {
    const dataFolder = mkdtempSync(join(tmpdir(), 'unit-aws-'));
    const engine = await startEngine({ dataFolder });
    const server = createServer();
    const aws = new Aws(engine, dataFolder, server);
    server.on('request', (request, response) => void aws.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    aws.#unroute = routeAwsTo((server.address() as AddressInfo).port);
    Object.assign(process.env, {
      WEBSOCKET_ENDPOINT: 'https://api.execute-api.us-east-1.amazonaws.com/dvl',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'unit',
      AWS_SECRET_ACCESS_KEY: 'unit',
    });
    await createTables(engine.url);
    return aws;
  }

  /** Where every service answers, for clients that take an endpoint. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#unroute();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#engine.stop();
    rmSync(this.#dataFolder, { recursive: true, force: true });
  }

  /** Forgets calls, frames and faults; tables keep their rows. */
  reset(): void {
    this.calls.length = 0;
    this.#faults.length = 0;
    this.received.clear();
  }

  /** Makes the next calls of an action (or of any: `*`) fail: those that `applies` picks, or all; `times`, or for ever. */
  fail(
    action: string,
    fault: Fault,
    { times = Infinity, applies = () => true }: { times?: number; applies?: (input: Call['input']) => boolean } = {},
  ): void {
    this.#faults.push({ action, fault, applies, times });
  }

  /** The inputs of the calls of one action, oldest first. */
  inputs<T = Record<string, unknown>>(action: string): T[] {
    return this.calls.filter((call) => call.action === action).map(({ input }) => input as T);
  }

  /** What was called, in order, by name. */
  get actions(): string[] {
    return this.calls.map(({ action }) => action);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const call = this.#understand(request, body);
    const { action, input } = call;
    this.calls.push({ action, input });
    const fault = this.#faultFor({ action, input });
    const answer = await (fault ? answerOf(fault, call) : call.perform());
    if (answer === undefined || response.destroyed) {
      response.destroy();
      return;
    }
    const type = answer.type ?? 'application/x-amz-json-1.0';
    response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
    response.end(answer.body);
  }

  #faultFor({ action, input }: Call): Fault | undefined {
    const found = this.#faults.find(
      (rule) => ['*', action].includes(rule.action) && rule.times > 0 && rule.applies(input),
    );
    if (found) found.times -= 1;
    return found?.fault;
  }

  #understand(request: IncomingMessage, body: string): Understood {
    const target = String(request.headers['x-amz-target'] ?? '');
    const [service = '', action = ''] = target.split('.');
    if (service.startsWith('DynamoDB')) {
      return { action, input: parse(body), perform: () => this.#forward(request, body) };
    }
    if (service.startsWith('GraniteServiceVersion')) {
      return { action, input: parse(body), perform: async () => ({ status: 200, body: '{}' }) };
    }
    if (service === 'AWSStepFunctions') return { action, input: parse(body), perform: async () => executionAnswer };
    if (service === 'AmazonSQS') return { action, input: parse(body), perform: () => sqsAnswer(action, parse(body)) };
    const connection = /^\/dvl\/%40connections\/(.+)$|^\/dvl\/@connections\/(.+)$/.exec(request.url ?? '');
    if (connection) return this.#connection(request, decodeURIComponent(connection[1] ?? connection[2] ?? ''), body);
    if (request.url?.endsWith('/.well-known/jwks.json')) {
      const type = 'application/json';
      return {
        action: 'GetKeys',
        input: {},
        perform: async () => ({ status: 200, type, body: JSON.stringify(this.jwks) }),
      };
    }
    const invoked = /^\/2015-03-31\/functions\/(.+)\/invocations$/.exec(request.url ?? '');
    if (invoked) {
      const name = decodeURIComponent(invoked[1] ?? '');
      return { action: 'Invoke', input: parse(body), perform: () => invokeAnswer(this.functions.get(name), body) };
    }
    const form = Object.fromEntries(new URLSearchParams(body));
    return { action: form['Action'] ?? 'Unknown', input: form, perform: async () => snsAnswer };
  }

  #connection(request: IncomingMessage, connectionId: string, frame: string): Understood {
    const posting = request.method === 'POST';
    return {
      action: posting ? 'PostToConnection' : 'DeleteConnection',
      input: { connectionId, frame },
      perform: async () => {
        if (posting) this.received.set(connectionId, [...(this.received.get(connectionId) ?? []), frame]);
        return { status: posting ? 200 : 204, body: '' };
      },
    };
  }

  async #forward(request: IncomingMessage, body: string): Promise<Answer> {
    const answer = await fetch(this.#engine.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': String(request.headers['x-amz-target']),
        authorization: String(request.headers.authorization ?? ''),
        'x-amz-date': String(request.headers['x-amz-date'] ?? ''),
      },
      body,
    });
    return { status: answer.status, body: await answer.text() };
  }
}

async function answerOf(
  fault: Fault,
  { input, perform }: Pick<Understood, 'input' | 'perform'>,
): Promise<Answer | undefined> {
  if ('error' in fault) {
    return { status: fault.status ?? 400, body: JSON.stringify({ __type: fault.error, message: 'arn:aws:secret' }) };
  }
  if ('cancellation' in fault) return cancelled(fault.cancellation);
  if ('answer' in fault) return { status: 200, body: JSON.stringify(fault.answer) };
  if ('dropReply' in fault) {
    await perform();
    return undefined;
  }
  if ('isolatedForMs' in fault) return isolated(input, fault.isolatedForMs, perform);
  if ('meanwhile' in fault) await fault.meanwhile();
  else await new Promise((resolve) => setTimeout(resolve, fault.afterMs).unref());
  return perform();
}

type TransactItems = Record<string, { TableName: string; Key?: object; Item?: Record<string, unknown> }>[];

/** Rows that a transaction under way names. */
const rowsUnderWay = new Set<string>();

async function isolated(input: Call['input'], ms: number, perform: () => Promise<Answer>): Promise<Answer> {
  const rows = (input['TransactItems'] as TransactItems).map(rowOf);
  if (rows.some((row) => rowsUnderWay.has(row))) {
    return cancelled(rows.map((row) => (rowsUnderWay.has(row) ? 'TransactionConflict' : 'None')));
  }
  for (const row of rows) rowsUnderWay.add(row);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const answer = await perform();
  for (const row of rows) rowsUnderWay.delete(row);
  return answer;
}

function rowOf(action: TransactItems[number]): string {
  const [{ TableName, Key, Item } = { TableName: '' }] = Object.values(action);
  return JSON.stringify([TableName, Key ?? keyOf(TableName, Item)]);
}

function cancelled(reasons: (string | object)[]): Answer {
  const CancellationReasons = reasons.map((reason) => (typeof reason === 'string' ? { Code: reason } : reason));
  return { status: 400, body: JSON.stringify({ __type: 'TransactionCanceledException', CancellationReasons }) };
}

/** A function that throws is answered with status 200, too. */
async function invokeAnswer(run: ((event: never) => Promise<unknown>) | undefined, body: string): Promise<Answer> {
  if (!run) return { status: 404, body: JSON.stringify({ Message: 'no such function' }) };
  try {
    return { status: 200, body: JSON.stringify((await run(JSON.parse(body) as never)) ?? null) };
  } catch (error) {
    const { name, message } = error as Error;
    const failed = { errorType: name, errorMessage: message, trace: [] };
    return { status: 200, body: JSON.stringify(failed), headers: { 'x-amz-function-error': 'Unhandled' } };
  }
}

const snsAnswer: Answer = {
  status: 200,
  type: 'text/xml',
  body: '<PublishResponse><PublishResult><MessageId>sns</MessageId></PublishResult></PublishResponse>',
};

const executionAnswer: Answer = {
  status: 200,
  body: JSON.stringify({
    executionArn: 'arn:aws:states:us-east-1:000000000000:express:unit',
    startDate: 1_767_225_600,
  }),
};

/** SQS vouches for what it took with an MD5, which the SDK checks. */
async function sqsAnswer(action: string, input: Call['input']): Promise<Answer> {
  const sent = (body: unknown): object => ({ MessageId: 'sqs', MD5OfMessageBody: md5(String(body)) });
  const entries = (input['Entries'] ?? []) as { Id: string; MessageBody?: string }[];
  const answers: Record<string, object> = {
    SendMessage: sent(input['MessageBody']),
    SendMessageBatch: {
      Successful: entries.map(({ Id, MessageBody }) => ({ Id, ...sent(MessageBody) })),
      Failed: [],
    },
    ChangeMessageVisibilityBatch: { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] },
  };
  return { status: 200, body: JSON.stringify(answers[action] ?? {}) };
}

function md5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

function parse(body: string): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

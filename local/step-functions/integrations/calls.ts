import { sdkServiceOf } from '../definition/resource.ts';
import { Failure } from '../failure.ts';
import type { Json } from '../json.ts';
import type { TaskCall } from '../interpreter/run.ts';
import { failureOf } from './errors.ts';
import { invokeInput, type InvokeAnswer, invokeResult } from './lambda.ts';
import {
  clientClassOf,
  commandClassOf,
  loadPackage,
  type SdkClient,
  type SdkPackage,
  type ServiceName,
} from './sdk.ts';
import { shapesOf, toParameters, toResult, UnknownShape } from './shapes.ts';

/** Where calls go, and who makes them. */
export type CallSettings = {
  /** Where every service answers. */
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
};

type Connection = { sdk: SdkPackage; client: SdkClient };

/** Makes the calls of one role's Tasks with the real SDK clients. */
export class Calls {
  readonly #settings: CallSettings;
  readonly #connections = new Map<ServiceName, Promise<Connection>>();

  constructor(settings: CallSettings) {
    this.#settings = settings;
  }

  /**
   * Makes one call.
   * @param headers further headers, not signed away by anybody: how the edge tells executions apart
   * @throws Failure with the name Step Functions gives the error
   */
  async perform(
    { resource, arguments: parameters }: TaskCall,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const service = sdkServiceOf(resource) ?? 'lambda';
    const { sdk, client } = await this.#connection(service);
    const Command = commandClassOf(resource, sdk);
    const { input, output } = shapesOf(new Command({}).schema);
    const prepared =
      service === 'lambda' ? invokeInput(parameters) : asFailure(() => toParameters(input, parameters, 'Arguments'));
    const command = new Command(prepared);
    addHeaders(command, headers);
    let answer: object;
    try {
      answer = await client.send(command, { abortSignal: signal });
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(service, sdk, error);
    }
    return service === 'lambda' ? invokeResult(answer as InvokeAnswer) : asFailure(() => toResult(output, answer));
  }

  /** Ends every connection; calls under way fail. */
  async close(): Promise<void> {
    const connections = await Promise.all(this.#connections.values());
    for (const { client } of connections) client.destroy();
  }

  #connection(service: ServiceName): Promise<Connection> {
    const known = this.#connections.get(service);
    if (known) return known;
    const made = this.#connect(service);
    this.#connections.set(service, made);
    return made;
  }

  async #connect(service: ServiceName): Promise<Connection> {
    const sdk = await loadPackage(service);
    const Client = clientClassOf(service, sdk);
    const { endpoint, region, credentials } = this.#settings;
    // One try: retrying is the state's Retry. The two switches keep SQS and StartSyncExecution on the endpoint.
    const more = { maxAttempts: 1, useQueueUrlAsEndpoint: false, disableHostPrefix: true };
    return { sdk, client: new Client({ endpoint, region, credentials, ...more }) };
  }
}

function asFailure<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (error instanceof UnknownShape) throw new Failure('States.Runtime', error.message);
    throw error;
  }
}

function addHeaders(command: object, headers: Record<string, string>): void {
  (command as SdkClient).middlewareStack.add(
    (next: (args: object) => unknown) => (args: { request: { headers: Record<string, string> } }) => {
      Object.assign(args.request.headers, headers);
      return next(args);
    },
    { step: 'build', name: 'addHeaders' },
  );
}

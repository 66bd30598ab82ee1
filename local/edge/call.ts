import type { IncomingHttpHeaders } from 'node:http';
import { resourcesOf } from './resources.ts';

/** One AWS call, understood: what the edge counts, authorizes, fails on demand and hands to a backend. */
export type AwsCall = {
  /** The request id, sent back as `x-amzn-requestid`. */
  id: string;
  /** Whose credentials signed it; of an unsigned one the role of the calling worker, or `anonymous`. */
  principal: string;
  /** How counts and faults name the caller: the principal, or the family before its slash (`appsync` of `appsync/Messages`). */
  role: string;
  signed: boolean;
  /** `service`: made by the platform for the role (an event source polling), not by the role's own code. */
  by: 'function' | 'service';
  /** The token of the calling worker, if it came from one. */
  worker?: string;
  /** The IAM prefix of the service: dynamodb, sns, sqs, execute-api, states, lambda, logs, cognito-idp. */
  service: string;
  /** The API action, e.g. `TransactWriteItems`, `Publish`, `PostToConnection`. */
  action: string;
  region: string;
  /** The IAM action and resource of everything the call touches: one pair, or several for batches and transactions. */
  resources: Resource[];
  method: string;
  /** Path and query string as sent. */
  path: string;
  host: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** How often what it starts is to run besides, for a fault rule says so. */
  repeats?: number;
  /** The body parsed: of a JSON call its object, of a query call its form fields, `{}` otherwise. */
  input: Record<string, unknown>;
};

/** One right a call needs. */
export type Resource = { action: string; arn: string };

/** A request that is no AWS call the edge can read; answered as a client error. */
export class UnreadableCall extends Error {
  readonly error: string;
  constructor(error: string, message: string) {
    super(message);
    this.error = error;
  }
}

export type RawRequest = {
  method: string;
  path: string;
  host: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
};

/** Names differ between the credential scope, the host name and IAM. */
const servicesByScope: Record<string, string> = { 'sync-states': 'states', monitoring: 'cloudwatch' };

/**
 * Tells what a request asks for: the service from the credential scope (or, unsigned, from the host and path), the action from
 * X-Amz-Target, `Action=` or method and path, the resources from the input.
 * @throws UnreadableCall when one of these cannot be told.
 */
export function parseCall(
  request: RawRequest,
  scope: { service: string; region: string } | undefined,
  home: { region: string; accountId: string },
): Pick<AwsCall, 'service' | 'action' | 'region' | 'resources' | 'input'> {
  const scopeService = scope?.service ?? serviceOfUnsigned(request);
  const service = servicesByScope[scopeService] ?? scopeService;
  const region = scope?.region ?? home.region;
  const { action, input } = readAction(request, service);
  return {
    service,
    action,
    region,
    input,
    resources: resourcesOf({ service, action, input, ...request }, region, home.accountId),
  };
}

/** Unsigned requests are Cognito's: public actions (InitiateAuth) and the JWKS. Everything else must be signed. */
function serviceOfUnsigned(request: RawRequest): string {
  const [service = ''] = request.host.split('.');
  if (service === 'cognito-idp' || request.path.includes('/.well-known/')) return 'cognito-idp';
  if (targetOf(request)?.startsWith('AWSCognitoIdentityProviderService.')) return 'cognito-idp';
  throw new UnreadableCall('MissingAuthenticationToken', 'The request is not signed.');
}

function readAction(request: RawRequest, service: string): { action: string; input: Record<string, unknown> } {
  const target = targetOf(request);
  if (target !== undefined) {
    return { action: target.slice(target.indexOf('.') + 1), input: parseJson(request.body) };
  }
  if (service === 'execute-api') return { action: connectionAction(request.method), input: {} };
  if (service === 'lambda') return { action: lambdaAction(request), input: {} };
  if (service === 'cognito-idp') return { action: 'GetSigningKeys', input: {} };
  const input = Object.fromEntries(new URLSearchParams(request.body.toString()));
  if (!input['Action']) {
    throw new UnreadableCall('MissingAction', `No X-Amz-Target header and no Action field in a call to ${service}.`);
  }
  return { action: input['Action'], input };
}

function targetOf({ headers }: RawRequest): string | undefined {
  const target = headers['x-amz-target'];
  return Array.isArray(target) ? target[0] : target;
}

function parseJson(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Answered below, as a body that is JSON but no object is.
  }
  throw new UnreadableCall('SerializationException', 'The request body is not a JSON object.');
}

function connectionAction(method: string): string {
  switch (method) {
    case 'POST':
      return 'PostToConnection';
    case 'GET':
      return 'GetConnection';
    case 'DELETE':
      return 'DeleteConnection';
    default:
      throw new UnreadableCall('UnknownOperationException', `@connections knows POST, GET and DELETE, not ${method}.`);
  }
}

function lambdaAction({ method, path }: RawRequest): string {
  if (method === 'POST' && path.includes('/invocations')) return 'Invoke';
  throw new UnreadableCall('UnknownOperationException', `Of Lambda only Invoke is known here, not ${method} ${path}.`);
}

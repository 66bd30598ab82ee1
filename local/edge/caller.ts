import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseCall, UnreadableCall, type AwsCall, type RawRequest } from './call.ts';
import { outsideRole, roleCredentials } from './credentials.ts';
import { refusal, type AwsError } from './replies.ts';
import { isSignedWith, readAuthorization, type Authorization } from './signature.ts';

/** A request nobody may make: which service answers, and what. */
export type Refused = { service: string; failure: AwsError };

const serviceHeader = 'x-embedded-service';
const resourceHeader = 'x-embedded-resource';
const workerHeader = 'x-embedded-worker';

const unknownKey = 'The security token included in the request is invalid.';
const badSignature = 'The request signature we calculated does not match the signature you provided.';

/** Tells calls apart by who signed them. */
export class Callers {
  private readonly secrets = new Map<string, { role: string; secret: string }>();
  private readonly serviceSecret = randomBytes(24).toString('base64url');
  private readonly home: { region: string; accountId: string };
  private readonly roleOfWorker: (worker: string) => string | undefined;

  constructor(
    roles: string[],
    home: { region: string; accountId: string },
    roleOfWorker: (worker: string) => string | undefined,
  ) {
    this.home = home;
    this.roleOfWorker = roleOfWorker;
    for (const role of [outsideRole, ...roles]) {
      const { accessKeyId, secretAccessKey } = roleCredentials(role);
      this.secrets.set(accessKeyId, { role, secret: secretAccessKey });
    }
  }

  /** Headers that mark a call as the platform's own; only this process knows the secret in them. */
  serviceHeaders({ resource }: { resource?: string } = {}): Record<string, string> {
    const mark = { [serviceHeader]: this.serviceSecret };
    return resource === undefined ? mark : { ...mark, [resourceHeader]: resource };
  }

  /** Who calls what; or why that cannot be told, in the words of the service. */
  understand(request: RawRequest): AwsCall | Refused {
    const authorization = readAuthorization(request.headers.authorization);
    if (authorization === 'malformed') {
      const message = 'Expected an AWS4-HMAC-SHA256 Authorization header.';
      const failure = { error: 'IncompleteSignatureException', statusCode: 400, message };
      return { service: serviceOfUnknown, failure };
    }
    const worker = header(request.headers, workerHeader);
    if (!authorization)
      return this.read(request, undefined, (worker && this.roleOfWorker(worker)) ?? 'anonymous', worker);
    const { service } = authorization;
    const known = this.secrets.get(authorization.accessKeyId);
    if (!known) return { service, failure: refusal(service, 'unknown key', unknownKey) };
    if (!isSignedWith(known.secret, authorization, request)) {
      return { service, failure: refusal(service, 'bad signature', badSignature) };
    }
    return this.read(request, authorization, known.role, worker);
  }

  private read(
    request: RawRequest,
    scope: Authorization | undefined,
    principal: string,
    worker: string | undefined,
  ): AwsCall | Refused {
    try {
      const parsed = parseCall(request, scope, this.home);
      const by = this.isService(request.headers) ? 'service' : 'function';
      const named = by === 'service' ? header(request.headers, resourceHeader) : undefined;
      if (named) parsed.resources = [{ action: `${parsed.service}:${parsed.action}`, arn: named }];
      // The edge's own headers are no business of a backend.
      for (const name of [serviceHeader, resourceHeader, workerHeader]) Reflect.deleteProperty(request.headers, name);
      const [role = principal] = principal.split('/');
      return { id: randomUUID(), principal, role, signed: scope !== undefined, by, worker, ...request, ...parsed };
    } catch (error) {
      if (!(error instanceof UnreadableCall)) throw error;
      const { message } = error;
      if (scope) return { service: scope.service, failure: { error: error.error, statusCode: 400, message } };
      return { service: serviceOfUnknown, failure: refusal(serviceOfUnknown, 'not signed', message) };
    }
  }

  private isService(headers: IncomingHttpHeaders): boolean {
    const given = Buffer.from(header(headers, serviceHeader) ?? '');
    const expected = Buffer.from(this.serviceSecret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

/** A request that does not say which service it is for is answered in the most common format, JSON. */
const serviceOfUnknown = 'dynamodb';

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { isLoopbackHost } from '../loopback-host.ts';
import type { XRay } from '../xray/xray.ts';
import type { AwsCall } from './call.ts';
import type { CallCounter } from './calls.ts';
import { InvalidFaultRule, type FaultRules } from './faults.ts';
import type { PolicyEvaluator } from './iam.ts';
import type { Reply } from './replies.ts';

/** A call that was refused, and how often. */
export type Denial = { role: string; service: string; action: string; message: string; count: number };

/** The calls no policy allowed, each distinct one once. */
export class Denials {
  private readonly byMessage = new Map<string, Denial>();

  record({ role, service, action }: AwsCall, message: string): void {
    const known = this.byMessage.get(message);
    if (known) known.count++;
    else this.byMessage.set(message, { role, service, action, message, count: 1 });
  }

  list(): Denial[] {
    return [...this.byMessage.values()];
  }

  reset(): void {
    this.byMessage.clear();
  }
}

/** What the control surface shows and changes. */
export type Controlled = {
  calls: CallCounter;
  faults: FaultRules;
  policies: PolicyEvaluator;
  denials: Denials;
  /** What is only to be looked at, by the name under which it is shown. */
  views?: Record<string, () => unknown>;
  /** Absent where no functions run. */
  xray?: Pick<XRay, 'store' | 'sampler'>;
};

/**
 * Answers `/_edge/...`. Only for programs on this machine: a web page that reaches the port by DNS rebinding brings a foreign Host, one
 * that posts across origins brings an Origin, and both are refused.
 */
export function control(
  request: { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer },
  { calls, faults, policies, denials, views = {}, xray }: Controlled,
): Reply {
  const { method, headers, body } = request;
  if (!isLoopbackHost(headers.host)) {
    return json(403, { error: `Expected the host 127.0.0.1 or localhost, received ${headers.host}.` });
  }
  if (headers.origin !== undefined) {
    return json(403, { error: `Requests of web pages are refused (Origin: ${headers.origin}).` });
  }
  const [path = ''] = request.path.split('?', 1);
  if (path.startsWith(oneFault)) return controlFault(method, path.slice(oneFault.length), faults);
  if (path === '/_edge/traces' && xray) return controlTraces(request, xray);
  const view = method === 'GET' && path.startsWith('/_edge/') ? views[path.slice('/_edge/'.length)] : undefined;
  if (view) return json(200, view());
  switch (`${method} ${path}`) {
    case 'GET /_edge/calls':
      return json(200, calls.list());
    case 'DELETE /_edge/calls':
      calls.reset();
      return done;
    case 'GET /_edge/faults':
      return json(200, faults.list());
    case 'POST /_edge/faults':
      return addFault(body, faults);
    case 'DELETE /_edge/faults':
      faults.clear();
      return done;
    case 'GET /_edge/policies':
      return json(200, policies.uses());
    case 'DELETE /_edge/policies':
      policies.resetUses();
      return done;
    case 'GET /_edge/denials':
      return json(200, denials.list());
    case 'DELETE /_edge/denials':
      denials.reset();
      return done;
    default:
      return json(404, {
        error: `No ${method} ${path}: there are ${paths(Object.keys(views))}.`,
      });
  }
}

function paths(views: string[]): string {
  const all = ['calls', 'faults', 'policies', 'denials', 'traces', ...views].map((name) => `/_edge/${name}`);
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`;
}

const oneFault = '/_edge/faults/';

function controlFault(method: string, id: string, faults: FaultRules): Reply {
  const rule = faults.get(id);
  if (!rule) return json(404, { error: `No fault rule ${id}.` });
  if (method === 'GET') return json(200, rule);
  if (method === 'DELETE') {
    faults.remove(id);
    return done;
  }
  return json(404, { error: `A fault rule knows GET and DELETE, not ${method}.` });
}

/** The share of traces to be kept; null: as many as Lambda keeps. */
const samplingRule = v.strictObject({ rate: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1))) });

function controlTraces(
  { method, path, body }: { method: string; path: string; body: Buffer },
  { store, sampler }: Pick<XRay, 'store' | 'sampler'>,
): Reply {
  switch (method) {
    case 'GET': {
      const { searchParams } = new URL(path, 'http://edge');
      return json(200, store.list(searchParams.get('messageId') ?? undefined));
    }
    case 'DELETE':
      store.reset();
      return done;
    case 'PUT': {
      const rule = v.safeParse(v.pipe(v.string(), v.parseJson(), samplingRule), body.toString());
      if (!rule.success) return json(400, { error: 'Expected {"rate": 0 to 1, or null for as many as Lambda keeps}.' });
      sampler.rate = rule.output.rate ?? undefined;
      return done;
    }
    default:
      return json(404, { error: `Traces know GET, PUT and DELETE, not ${method}.` });
  }
}

const done: Reply = { status: 204, headers: {}, body: '' };

function addFault(body: Buffer, faults: FaultRules): Reply {
  let rule: unknown;
  try {
    rule = JSON.parse(body.toString());
  } catch {
    return json(400, { error: 'Expected a fault rule in JSON.' });
  }
  try {
    return json(201, faults.add(rule));
  } catch (error) {
    if (error instanceof InvalidFaultRule) return json(400, { error: error.message });
    throw error;
  }
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

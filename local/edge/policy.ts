import { compileConditions, type ConditionTest, keysOfActions } from './conditions.ts';
import { arnMatcher, caselessMatcher, type Matcher } from './wildcard.ts';

/** One pattern of a statement and how often it was the one that matched. */
export type Pattern = { text: string; matches: Matcher; used: number };

/** A statement ready to be asked. */
export type Statement = {
  /** `POLICY#SID`, or `POLICY#INDEX` for a statement without a Sid. */
  id: string;
  effect: 'Allow' | 'Deny';
  actions: Pattern[];
  /** True for NotAction: the patterns say what the statement does not cover. */
  exceptActions: boolean;
  resources: Pattern[];
  exceptResources: boolean;
  conditions: ConditionTest;
  /** Of a resource policy: whom it speaks of. Undefined in an identity policy. */
  principals?: PrincipalPatterns;
  used: number;
  /** How often it was the only one that allowed. */
  decisive: number;
};

/** `everyone`: "*" or {AWS: "*"}; else ARNs of roles, and service names such as sns.amazonaws.com. */
export type PrincipalPatterns = { everyone: boolean; aws: Set<string>; services: Set<string> };

const knownElements = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
  'Principal',
]);

/**
 * Compiles a policy document whose intrinsics are resolved.
 * @param name how the document is called in messages and reports
 * @throws Error naming policy, statement and element of anything the edge does not implement: a policy it cannot judge must not boot.
 */
export function compilePolicy(name: string, document: unknown, kind: 'identity' | 'resource'): Statement[] {
  const { Version, Statement: statements } = (document ?? {}) as { Version?: unknown; Statement?: unknown };
  if (Version !== '2012-10-17') {
    throw new Error(`Policy ${name}: expected Version 2012-10-17, received ${JSON.stringify(Version)}`);
  }
  return toList(statements).map((statement, index) => {
    const source = statement as Record<string, unknown>;
    const id = `${name}#${typeof source['Sid'] === 'string' && source['Sid'] !== '' ? source['Sid'] : index}`;
    try {
      return compileStatement(id, source, kind);
    } catch (error) {
      throw new Error(`Policy statement ${id}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  });
}

function compileStatement(id: string, source: Record<string, unknown>, kind: 'identity' | 'resource'): Statement {
  const unknown = Object.keys(source).find((element) => !knownElements.has(element));
  if (unknown) throw new Error(`the element ${unknown} is not implemented`);
  const effect = source['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw new Error(`Effect: expected Allow or Deny, received ${JSON.stringify(effect)}`);
  }
  if ((source['Principal'] !== undefined) !== (kind === 'resource')) {
    throw new Error(`Principal belongs to every statement of a resource policy, and to none of an identity policy`);
  }
  const actions = patterns(source, 'Action', caselessMatcher);
  requireKeysTold(source['Condition'], actions);
  const resources = patterns(source, 'Resource', arnMatcher);
  return {
    id,
    effect,
    actions: actions.list,
    exceptActions: actions.except,
    resources: resources.list,
    exceptResources: resources.except,
    conditions: compileConditions(source['Condition']),
    principals: kind === 'resource' ? compilePrincipals(source['Principal']) : undefined,
    used: 0,
    decisive: 0,
  };
}

function patterns(
  source: Record<string, unknown>,
  element: 'Action' | 'Resource',
  matcher: (text: string) => Matcher,
): { list: Pattern[]; except: boolean } {
  const except = source[`Not${element}`] !== undefined;
  if (except === (source[element] !== undefined)) throw new Error(`expected either ${element} or Not${element}`);
  const list = toList(source[except ? `Not${element}` : element]).map((text) => {
    if (typeof text !== 'string') throw new Error(`${element}: expected text, received ${JSON.stringify(text)}`);
    if (text.includes('${')) throw new Error(`${element}: policy variables are not implemented (${text})`);
    return { text, matches: matcher(text), used: 0 };
  });
  return { list, except };
}

/** Of other actions nobody would tell these keys. */
function requireKeysTold(conditions: unknown, actions: { list: Pattern[]; except: boolean }): void {
  for (const key of Object.values(conditions ?? {}).flatMap((keys) => Object.keys(keys as object))) {
    const told = keysOfActions[key.toLowerCase()];
    const isTold = ({ text }: Pattern): boolean =>
      told?.some((action) => caselessMatcher(text)(action)) === true && !/[*?]/.test(text);
    if (told && (actions.except || !actions.list.every(isTold))) {
      throw new Error(`Condition: ${key} is implemented for ${told.join(', ')} only`);
    }
  }
}

function compilePrincipals(principal: unknown): PrincipalPatterns {
  const compiled: PrincipalPatterns = { everyone: principal === '*', aws: new Set(), services: new Set() };
  if (compiled.everyone) return compiled;
  if (typeof principal !== 'object' || principal === null) {
    throw new Error(`Principal: expected "*" or an object, received ${JSON.stringify(principal)}`);
  }
  for (const [kind, values] of Object.entries(principal)) {
    if (kind !== 'AWS' && kind !== 'Service') throw new Error(`Principal: ${kind} is not implemented`);
    for (const value of toList(values)) {
      if (typeof value !== 'string') throw new Error(`Principal: expected text, received ${JSON.stringify(value)}`);
      if (kind === 'AWS' && value === '*') compiled.everyone = true;
      else (kind === 'AWS' ? compiled.aws : compiled.services).add(value);
    }
  }
  return compiled;
}

function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

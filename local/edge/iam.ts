import type { Resource } from './call.ts';
import type { ConditionContext } from './conditions.ts';
import { compilePolicy, type Pattern, type PrincipalPatterns, type Statement } from './policy.ts';

/** A caller of AWS: a role of the template. */
export type Principal = {
  /** How calls, faults and reports name it: the function's folder, `appsync`, or the workflow's file name. */
  name: string;
  /** The role's ARN; by default arn:aws:iam::ACCOUNT:role/NAME. */
  arn?: string;
  policies: PolicyDocument[];
};

/** A policy with its intrinsics resolved, and a name for messages. */
export type PolicyDocument = { name: string; document: unknown };

/** A policy attached to resources (a topic's, a queue's). */
export type ResourcePolicy = PolicyDocument & { resources: string[] };

/** Whether a call may go on, and if not, why, in IAM's words. */
export type Decision = { allowed: true } | { allowed: false; message: string };

/** How often a statement decided a call. Of an unused statement, or action, the role could do without. */
export type StatementUse = {
  /** The role of an identity policy, the policy's name of a resource policy. */
  role: string;
  statement: string;
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
  used: number;
  /** Of an Allow: how many decisions rested on it alone. While 0, no call yet would be refused without the statement. */
  decisive: number;
  unusedActions: string[];
  unusedResources: string[];
};

type Caller = { arn: string; statements: Statement[]; context: ConditionContext };

/**
 * Decides calls as IAM does within one account: a matching Deny anywhere refuses; else a matching Allow in the role's policies or in
 * the resource's policy suffices.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export class PolicyEvaluator {
  private readonly callers = new Map<string, Caller>();
  private readonly resourceStatements = new Map<string, Statement[]>();
  private readonly owned: { role: string; statement: Statement }[] = [];
  private readonly account: { region: string; accountId: string };

  /** @throws Error when a policy uses what the evaluator does not implement. */
  constructor(account: { region: string; accountId: string }, principals: Principal[], policies: ResourcePolicy[]) {
    this.account = account;
    for (const { name, arn = `arn:aws:iam::${account.accountId}:role/${name}`, policies } of principals) {
      const statements = policies.flatMap((policy) => compilePolicy(policy.name, policy.document, 'identity'));
      this.callers.set(name, { arn, statements, context: this.context({ 'aws:principalarn': arn }) });
      this.own(name, statements);
    }
    for (const { name, document, resources } of policies) {
      const statements = compilePolicy(name, document, 'resource');
      this.own(name, statements);
      for (const arn of resources) {
        this.resourceStatements.set(arn, [...(this.resourceStatements.get(arn) ?? []), ...statements]);
      }
    }
  }

  /**
   * Decides a call of a role that touches all these resources.
   * @param keys condition keys of this call, besides those every call of the role has
   */
  authorize(role: string, needed: Resource[], keys: ConditionContext = new Map()): Decision {
    const caller = this.callers.get(role);
    if (!caller) return { allowed: false, message: `The role ${role} has no policies.` };
    for (const { action, arn } of needed) {
      const verdict = this.judge(caller, action, arn, keys);
      if (verdict === 'allow') continue;
      const because =
        verdict === 'deny'
          ? 'with an explicit deny in a policy'
          : `because no identity-based policy allows the ${action} action`;
      const message = `User: ${caller.arn} (role ${role}) is not authorized to perform: ${action} on resource: ${arn} ${because}`;
      return { allowed: false, message };
    }
    return { allowed: true };
  }

  /** Decides a call an AWS service makes in its own name (SNS delivering to a queue), which only the resource's policy can allow. */
  authorizeService(call: { service: string; action: string; resource: string; sourceArn: string }): Decision {
    const { service, action, resource, sourceArn } = call;
    const context = this.context({ 'aws:sourcearn': sourceArn, 'aws:principalisawsservice': 'true' });
    const speaksOf = ({ everyone, services }: PrincipalPatterns): boolean => everyone || services.has(service);
    const statements = this.resourceStatements.get(resource) ?? [];
    if (verdictOf(matchesAmong(statements, action, resource, context, speaksOf)) === 'allow') return { allowed: true };
    const message = `${service} (for ${sourceArn}) is not authorized to perform: ${action} on resource: ${resource}`;
    return { allowed: false, message };
  }

  uses(): StatementUse[] {
    return this.owned.map(({ role, statement }) => ({
      role,
      statement: statement.id,
      effect: statement.effect,
      actions: texts(statement.actions),
      resources: texts(statement.resources),
      used: statement.used,
      decisive: statement.decisive,
      unusedActions: statement.exceptActions ? [] : texts(statement.actions.filter(({ used }) => used === 0)),
      unusedResources: statement.exceptResources ? [] : texts(statement.resources.filter(({ used }) => used === 0)),
    }));
  }

  resetUses(): void {
    for (const { statement } of this.owned) {
      statement.used = 0;
      statement.decisive = 0;
      for (const pattern of [...statement.actions, ...statement.resources]) pattern.used = 0;
    }
  }

  private judge(caller: Caller, action: string, arn: string, keys: ConditionContext): Verdict {
    const { arn: callerArn, statements } = caller;
    const context = keys.size === 0 ? caller.context : new Map([...caller.context, ...keys]);
    const speaksOf = ({ everyone, aws }: PrincipalPatterns): boolean => everyone || aws.has(callerArn);
    const matching = [
      ...matchesAmong(statements, action, arn, context),
      ...matchesAmong(this.resourceStatements.get(arn) ?? [], action, arn, context, speaksOf),
    ];
    return verdictOf(matching);
  }

  private context(more: Record<string, string>): ConditionContext {
    const { region, accountId } = this.account;
    return new Map(
      Object.entries({
        // Every SDK call goes over TLS on AWS; that the edge itself listens in plain HTTP is not the caller's doing.
        'aws:securetransport': 'true',
        'aws:requestedregion': region,
        ...('aws:sourcearn' in more ? { 'aws:sourceaccount': accountId } : { 'aws:principalaccount': accountId }),
        'aws:principalisawsservice': 'false',
        ...more,
      }),
    );
  }

  private own(role: string, statements: Statement[]): void {
    this.owned.push(...statements.map((statement) => ({ role, statement })));
  }
}

type Verdict = 'allow' | 'deny' | 'none';

type Match = { statement: Statement; byAction: Pattern | undefined; byResource: Pattern | undefined };

function matchesAmong(
  statements: Statement[],
  action: string,
  arn: string,
  context: ConditionContext,
  speaksOf?: (principals: PrincipalPatterns) => boolean,
): Match[] {
  return statements.flatMap((statement) => {
    if (statement.principals && !speaksOf?.(statement.principals)) return [];
    const byAction = statement.actions.find(({ matches }) => matches(action));
    if ((byAction !== undefined) === statement.exceptActions) return [];
    const byResource = statement.resources.find(({ matches }) => matches(arn));
    if ((byResource !== undefined) === statement.exceptResources) return [];
    return statement.conditions(context) ? [{ statement, byAction, byResource }] : [];
  });
}

/** What all the statements that match say together; counts them as used. */
function verdictOf(matching: Match[]): Verdict {
  for (const { statement, byAction, byResource } of matching) {
    statement.used++;
    if (byAction) byAction.used++;
    if (byResource) byResource.used++;
  }
  const [first, ...others] = matching;
  if (!first) return 'none';
  if (matching.some(({ statement }) => statement.effect === 'Deny')) return 'deny';
  if (others.length === 0) first.statement.decisive++;
  return 'allow';
}

function texts(patterns: Pattern[]): string[] {
  return patterns.map(({ text }) => text);
}

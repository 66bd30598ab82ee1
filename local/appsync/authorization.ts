import { type DirectiveNode, getDirectiveValues, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql';
import { notAuthorized } from './util/util.ts';

/** Who asks, as resolvers see them: the claims of a verified Cognito token. */
export interface CognitoIdentity {
  sub: string;
  issuer: string;
  username: string;
  claims: Record<string, unknown>;
  sourceIp: string[];
  defaultAuthStrategy: 'ALLOW' | 'DENY';
  groups: string[] | null;
}

/** The identity a token's claims tell; access tokens name the user `username`, id tokens `cognito:username`. */
export function identityOf(
  claims: Record<string, unknown>,
  sourceIp: string,
  strategy: 'ALLOW' | 'DENY',
): CognitoIdentity {
  const groups = claims['cognito:groups'];
  return {
    sub: String(claims['sub']),
    issuer: String(claims['iss']),
    username: String(claims['username'] ?? claims['cognito:username'] ?? claims['sub']),
    claims,
    sourceIp: [sourceIp],
    defaultAuthStrategy: strategy,
    groups: Array.isArray(groups) ? groups.map(String) : null,
  };
}

/**
 * Throws AppSync's Unauthorized error unless the field's directive, or else its type's, or else the default action, lets
 * the caller see it (https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html).
 */
export function authorizeField(info: GraphQLResolveInfo, identity: CognitoIdentity): void {
  const { parentType, fieldName } = info;
  const rules = rulesOn(info, parentType.getFields()[fieldName]?.astNode) ?? rulesOn(info, parentType.astNode);
  const allowed = rules
    ? rules.some((groups) => groups === null || groups.some((group) => identity.groups?.includes(group)))
    : identity.defaultAuthStrategy === 'ALLOW';
  if (!allowed) throw notAuthorized({ typeName: parentType.name, fieldName });
}

type Node = GraphQLObjectType['astNode'] | { directives?: readonly DirectiveNode[] } | null;

/** Groups of each rule on a field or type, null for "any user of the pool"; undefined when there is no rule. */
function rulesOn(info: GraphQLResolveInfo, node: Node): (string[] | null)[] | undefined {
  const rules = ['aws_cognito_user_pools', 'aws_auth'].flatMap((name) => {
    const directive = info.schema.getDirective(name);
    const values = directive && node ? getDirectiveValues(directive, node) : undefined;
    return values ? [(values['cognito_groups'] as string[] | undefined) ?? null] : [];
  });
  return rules.length > 0 ? rules : undefined;
}

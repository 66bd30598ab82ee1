import { PolicyEvaluator, type ResourcePolicy } from '../../../local/edge/iam.ts';
import { accountId, queueArn, region, topicArn } from './stub-backend.ts';

type StatementSource = Record<string, unknown>;
const tableArn = `arn:aws:dynamodb:${region}:${accountId}:table/Messages`;
const secureOnly = {
  Sid: 'TlsOnly',
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 'sqs:*',
  Resource: queueArn,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const fromTopic = {
  Effect: 'Allow',
  Principal: { Service: 'sns.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queueArn,
  Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
};

const documentOf = (...statements: StatementSource[]): unknown => ({ Version: '2012-10-17', Statement: statements });
const onQueue = (...statements: StatementSource[]): ResourcePolicy => ({
  name: 'QueuePolicy',
  document: documentOf(...statements),
  resources: [queueArn],
});

function evaluatorOf(identity: StatementSource[], resource: ResourcePolicy[] = []): PolicyEvaluator {
  const policies = [{ name: 'P', document: documentOf(...identity) }];
  return new PolicyEvaluator({ region, accountId }, [{ name: 'worker', policies }], resource);
}

const allow = (Action: unknown, Resource: unknown, more: StatementSource = {}): StatementSource => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const deny = (Action: unknown, Resource: unknown): StatementSource => ({ Effect: 'Deny', Action, Resource });
const when = (operator: string, key: string, value: unknown): StatementSource =>
  allow('*', '*', { Condition: { [operator]: { [key]: value } } });

describe('an identity policy', () => {
  test.each<[string, StatementSource[], string, string, boolean]>([
    ['nothing allows', [], 'dynamodb:GetItem', tableArn, false],
    ['the exact action and resource', [allow('dynamodb:GetItem', tableArn)], 'dynamodb:GetItem', tableArn, true],
    ['an action in other case', [allow('DynamoDB:getitem', tableArn)], 'dynamodb:GetItem', tableArn, true],
    ['another action', [allow('dynamodb:PutItem', tableArn)], 'dynamodb:GetItem', tableArn, false],
    ['one of several', [allow(['a:B', 'dynamodb:GetItem'], ['*'])], 'dynamodb:GetItem', tableArn, true],
    ['an action wildcard', [allow('dynamodb:*Item', tableArn)], 'dynamodb:GetItem', tableArn, true],
    ['a wildcard that does not fit', [allow('dynamodb:Put*', tableArn)], 'dynamodb:GetItem', tableArn, false],
    ['a question mark', [allow('dynamodb:Ge?Item', tableArn)], 'dynamodb:GetItem', tableArn, true],
    ['an index under a table wildcard', [allow('*', `${tableArn}/index/*`)], 'a:B', `${tableArn}/index/i`, true],
    ['a table under an index wildcard', [allow('*', `${tableArn}/index/*`)], 'a:B', tableArn, false],
    ['an index under the table alone', [allow('*', tableArn)], 'a:B', `${tableArn}/index/i`, false],
    ['a resource in other case', [allow('*', tableArn.toLowerCase())], 'a:B', tableArn, false],
    ['a wildcard within a part', [allow('*', 'arn:aws:dynamodb:*:*:table/M*')], 'a:B', tableArn, true],
    ['a wildcard across parts', [allow('*', 'arn:aws:*:table/Messages:x:y')], 'a:B', `${tableArn}:x:y`, false],
    ['a dot is a dot', [allow('*', 'arn:aws:sns:r:1:a.fifo')], 'a:B', 'arn:aws:sns:r:1:aXfifo', false],
    ['all but an action', [{ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }], 'sns:Publish', topicArn, true],
    ['an excepted action', [{ Effect: 'Allow', NotAction: 'sns:*', Resource: '*' }], 'sns:Publish', topicArn, false],
    ['all but a resource', [{ Effect: 'Allow', Action: '*', NotResource: tableArn }], 'sns:Publish', topicArn, true],
    ['an excepted resource', [{ Effect: 'Allow', Action: '*', NotResource: topicArn }], 'a:B', topicArn, false],
    ['a deny beside an allow', [allow('*', '*'), deny('sns:Publish', topicArn)], 'sns:Publish', topicArn, false],
    ['a deny of something else', [deny('sns:Publish', topicArn), allow('*', '*')], 'a:B', topicArn, true],
  ])('%s', (_case, statements, action, arn, allowed) => {
    expect(evaluatorOf(statements).authorize('worker', [{ action, arn }]).allowed).toBe(allowed);
  });

  test('must allow everything a call touches', () => {
    const evaluator = evaluatorOf([allow('dynamodb:PutItem', tableArn)]);
    const decision = evaluator.authorize('worker', [
      { action: 'dynamodb:PutItem', arn: tableArn },
      { action: 'dynamodb:UpdateItem', arn: `${tableArn}2` },
    ]);
    expect(decision).toEqual({
      allowed: false,
      message:
        `User: arn:aws:iam::${accountId}:role/worker (role worker) is not authorized to perform: dynamodb:UpdateItem on resource: ` +
        `${tableArn}2 because no identity-based policy allows the dynamodb:UpdateItem action`,
    });
  });
});

describe('a condition', () => {
  test.each<[string, StatementSource, boolean]>([
    ['calls are over TLS', when('Bool', 'aws:SecureTransport', 'true'), true],
    ['in any case, as a boolean', when('Bool', 'AWS:securetransport', true), true],
    ['never without TLS', when('Bool', 'aws:SecureTransport', 'false'), false],
    ['a string of several', when('StringEquals', 'aws:RequestedRegion', ['eu-west-1', region]), true],
    ['another string', when('StringEquals', 'aws:RequestedRegion', 'eu-west-1'), false],
    ['case counts', when('StringEquals', 'aws:RequestedRegion', 'US-EAST-1'), false],
    ['case does not', when('StringEqualsIgnoreCase', 'aws:RequestedRegion', 'US-EAST-1'), true],
    ['not that string', when('StringNotEquals', 'aws:RequestedRegion', ['eu-west-1', 'eu-west-2']), true],
    ['none of the strings', when('StringNotEquals', 'aws:RequestedRegion', ['eu-west-1', region]), false],
    ['a pattern', when('StringLike', 'aws:RequestedRegion', 'us-*'), true],
    ['not a pattern', when('StringNotLike', 'aws:RequestedRegion', 'us-*'), false],
    ['an ARN', when('ArnEquals', 'aws:PrincipalArn', `arn:aws:iam::${accountId}:role/worker`), true],
    ['an ARN pattern', when('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/w*'), true],
    ['not an ARN pattern', when('ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/w*'), false],
    ['a key the call lacks', when('ArnEquals', 'aws:SourceArn', topicArn), false],
    ['a key the call lacks, negated', when('ArnNotEquals', 'aws:SourceArn', topicArn), true],
    ['a key the call lacks, if exists', when('ArnEqualsIfExists', 'aws:SourceArn', topicArn), true],
    ['a key that is there, if exists', when('StringEqualsIfExists', 'aws:RequestedRegion', 'x'), false],
    ['absence', when('Null', 'aws:SourceArn', 'true'), true],
    ['presence', when('Null', 'aws:SourceArn', 'false'), false],
    ['presence of what is there', when('Null', 'aws:RequestedRegion', 'false'), true],
  ])('%s', (_case, statement, allowed) => {
    const decision = evaluatorOf([statement]).authorize('worker', [{ action: 'sns:Publish', arn: topicArn }]);
    expect(decision.allowed).toBe(allowed);
  });

  test('holds only if all its operators and keys do', () => {
    const both = (region_: string): StatementSource =>
      allow('*', '*', {
        Condition: { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 'aws:RequestedRegion': region_ } },
      });
    const needed = [{ action: 'a:B', arn: topicArn }];
    expect(evaluatorOf([both(region)]).authorize('worker', needed).allowed).toBe(true);
    expect(evaluatorOf([both('x')]).authorize('worker', needed).allowed).toBe(false);
  });
});

describe('a resource policy', () => {
  const send = [{ action: 'sqs:SendMessage', arn: queueArn }];
  const delivery = { service: 'sns.amazonaws.com', action: 'sqs:SendMessage', resource: queueArn, sourceArn: topicArn };

  test('that denies calls without TLS lets the others pass', () => {
    const evaluator = evaluatorOf([allow('sqs:SendMessage', queueArn)], [onQueue(secureOnly)]);
    expect(evaluator.authorize('worker', send).allowed).toBe(true);
  });

  test.each<[string, StatementSource, boolean]>([
    ['everyone', { ...fromTopic, Principal: '*', Condition: undefined }, true],
    [
      'the role',
      { ...fromTopic, Principal: { AWS: `arn:aws:iam::${accountId}:role/worker` }, Condition: undefined },
      true,
    ],
    [
      'another role',
      { ...fromTopic, Principal: { AWS: `arn:aws:iam::${accountId}:role/x` }, Condition: undefined },
      false,
    ],
    ['a service only', fromTopic, false],
    ['everyone on behalf of a topic', { ...fromTopic, Principal: '*' }, false],
  ])('that allows %s decides for a role without the right', (_case, statement, allowed) => {
    const { Condition, ...rest } = statement;
    const written = Condition === undefined ? rest : statement;
    expect(evaluatorOf([], [onQueue(written)]).authorize('worker', send).allowed).toBe(allowed);
  });

  test('that denies outweighs the role’s right, and says so', () => {
    const always = {
      ...fromTopic,
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': true } },
    };
    const decision = evaluatorOf([allow('sqs:*', '*')], [onQueue(always)]).authorize('worker', send);
    expect(decision).toMatchObject({ message: expect.stringContaining('with an explicit deny') });
  });

  test.each<[string, StatementSource[], boolean]>([
    ['its topic', [fromTopic, secureOnly], true],
    ['another topic', [{ ...fromTopic, Condition: { ArnEquals: { 'aws:SourceArn': `${topicArn}2` } } }], false],
    ['its account', [{ ...fromTopic, Condition: { StringEquals: { 'aws:SourceAccount': accountId } } }], true],
    ['another account', [{ ...fromTopic, Condition: { StringEquals: { 'aws:SourceAccount': '1' } } }], false],
    ['another service', [{ ...fromTopic, Principal: { Service: 'events.amazonaws.com' } }], false],
  ])('for %s decides whether SNS may deliver', (_case, statements, allowed) => {
    expect(evaluatorOf([], [onQueue(...statements)]).authorizeService(delivery).allowed).toBe(allowed);
  });

  test('that is missing lets no service in', () => {
    expect(evaluatorOf([]).authorizeService(delivery)).toMatchObject({
      message: `sns.amazonaws.com (for ${topicArn}) is not authorized to perform: sqs:SendMessage on resource: ${queueArn}`,
    });
  });
});

describe('what the evaluator cannot judge stops the start', () => {
  test.each<[string, StatementSource, RegExp]>([
    ['operator', when('DateGreaterThan', 'aws:SecureTransport', 'x'), /P#0: Condition: the operator DateGreaterThan/],
    ['key', when('StringEquals', 'aws:PrincipalTag/team', 'x'), /the key aws:PrincipalTag\/team is not implemented/],
    ['set operator', when('ForAnyValue:StringEquals', 'aws:SourceArn', 'x'), /ForAnyValue:StringEquals/],
    [
      'condition value',
      when('StringEquals', 'aws:SourceArn', { Ref: 'Topic' }),
      /expected text, received \{"Ref":"Topic"\}/,
    ],
    ['element', allow('*', '*', { NotPrincipal: '*' }), /the element NotPrincipal is not implemented/],
    ['effect', { Effect: 'Maybe', Action: '*', Resource: '*' }, /expected Allow or Deny, received "Maybe"/],
    ['principal', allow('*', '*', { Principal: '*' }), /Principal belongs to every statement of a resource policy/],
    ['lack of action', { Effect: 'Allow', Resource: '*' }, /expected either Action or NotAction/],
    ['action and NotAction', allow('*', '*', { NotAction: 'a:B' }), /expected either Action or NotAction/],
    ['resource that is no ARN', allow('*', 'Messages'), /expected "\*" or an ARN of six parts, received "Messages"/],
    ['unresolved resource', allow('*', { Ref: 'Topic' }), /Resource: expected text, received \{"Ref":"Topic"\}/],
    ['policy variable', allow('*', 'arn:aws:s3:::b/${aws:username}'), /policy variables are not implemented/],
  ])('an unknown %s', (_case, statement, message) => {
    expect(() => evaluatorOf([statement])).toThrow(message);
  });

  test('an unknown version or principal', () => {
    const old = { name: 'Old', document: { Version: '2008-10-17', Statement: [] } };
    expect(() => new PolicyEvaluator({ region, accountId }, [{ name: 'worker', policies: [old] }], [])).toThrow(
      'Policy Old: expected Version 2012-10-17, received "2008-10-17"',
    );
    expect(() => evaluatorOf([], [onQueue({ ...fromTopic, Principal: { Federated: 'x' } })])).toThrow(
      'QueuePolicy#0: Principal: Federated is not implemented',
    );
  });
});

test('tells which statements, actions and resources were used, until reset', () => {
  const evaluator = evaluatorOf(
    [allow(['sns:Publish', 'sns:Subscribe'], [topicArn, queueArn], { Sid: 'Send' }), allow('dynamodb:GetItem', '*')],
    [onQueue(secureOnly)],
  );
  evaluator.authorize('worker', [{ action: 'sns:Publish', arn: topicArn }]);
  evaluator.authorize('worker', [{ action: 'sns:Publish', arn: topicArn }]);
  expect(evaluator.uses()).toEqual([
    {
      role: 'worker',
      statement: 'P#Send',
      effect: 'Allow',
      actions: ['sns:Publish', 'sns:Subscribe'],
      resources: [topicArn, queueArn],
      used: 2,
      decisive: 2,
      unusedActions: ['sns:Subscribe'],
      unusedResources: [queueArn],
    },
    expect.objectContaining({ statement: 'P#1', used: 0, unusedActions: ['dynamodb:GetItem'] }),
    expect.objectContaining({ role: 'QueuePolicy', statement: 'QueuePolicy#TlsOnly', effect: 'Deny', used: 0 }),
  ]);
  evaluator.resetUses();
  expect(evaluator.uses().map(({ used, unusedActions }) => [used, unusedActions.length])).toEqual([
    [0, 2],
    [0, 1],
    [0, 1],
  ]);
});

test('tells which statements no call would miss, because another allows the same', () => {
  const evaluator = evaluatorOf([
    allow('dynamodb:GetItem', tableArn),
    allow(['dynamodb:GetItem', 'dynamodb:Query'], tableArn),
  ]);
  evaluator.authorize('worker', [{ action: 'dynamodb:GetItem', arn: tableArn }]);
  expect(evaluator.uses()).toMatchObject([
    { used: 1, decisive: 0 },
    { used: 1, decisive: 0 },
  ]);
  evaluator.authorize('worker', [{ action: 'dynamodb:Query', arn: tableArn }]);
  expect(evaluator.uses()).toMatchObject([
    { used: 1, decisive: 0 },
    { used: 2, decisive: 1 },
  ]);
});

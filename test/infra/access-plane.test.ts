import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { AccessPlane } from '../../infra/access-plane.ts';
import { settingsOf } from '../../infra/config.ts';
import type { Environment } from '../../infra/settings.ts';
import { Tables } from '../../infra/tables.ts';

const root = join(import.meta.dirname, '../..');

const redriveControl = 'arn:aws:states:us-east-1:000000000000:stateMachine:Stack-redrive-control';

function templateOf(environment: Environment): Template {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Access');
  const settings = settingsOf(environment);
  const userPool = new UserPool(stack, 'Users');
  new AccessPlane(stack, 'AccessPlane', {
    settings,
    userPool,
    peopleClient: userPool.addClient('People'),
    tables: new Tables(stack, 'Tables', settings),
    redriveControl,
    schema: readFileSync(join(root, 'schema.graphql'), 'utf8'),
    bundles: join(root, 'dist', 'resolvers'),
  });
  return Template.fromStack(stack);
}

const template = templateOf('production');

test('every field of Query and Mutation has its resolver, with inline code', () => {
  const resolvers = Object.values(template.findResources('AWS::AppSync::Resolver'));
  expect(resolvers).toHaveLength(21);
  for (const { Properties } of resolvers as { Properties: { Code: string } }[]) {
    expect(Properties.Code.length).toBeLessThanOrEqual(32_768);
  }
});

test('there is neither a Lambda function nor a custom resource', () => {
  template.resourceCountIs('AWS::Lambda::Function', 0);
  expect(
    Object.values(template.toJSON()['Resources'] as object).filter(({ Type }: { Type: string }) =>
      /^Custom::|CustomResource/.test(Type),
    ),
  ).toEqual([]);
});

test('in production the schema is not shown, and queries are limited', () => {
  template.hasResourceProperties('AWS::AppSync::GraphQLApi', {
    IntrospectionConfig: 'DISABLED',
    QueryDepthLimit: 5,
    ResolverCountLimit: 20,
    UserPoolConfig: { DefaultAction: 'DENY', AppIdClientRegex: Match.anyValue() },
    LogConfig: { ExcludeVerboseContent: true },
    XrayEnabled: true,
  });
  templateOf('dev').hasResourceProperties('AWS::AppSync::GraphQLApi', { IntrospectionConfig: 'ENABLED' });
});

test('each data source may do only what its resolvers do, on named tables and indexes', () => {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')) as {
    Properties: { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } };
  }[];
  const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const actions = new Set(statements.flatMap(({ Action }) => Action));
  expect([...actions].sort()).toEqual([
    ...['dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem', 'dynamodb:DeleteItem', 'dynamodb:GetItem'],
    ...['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    'states:StartSyncExecution',
  ]);
  expect(JSON.stringify(statements)).not.toMatch(/"\*"|index\/\*/);
});

test('the workflow of redrives is called with a role that may do no more than run it and wait', () => {
  const source = Object.values(template.findResources('AWS::AppSync::DataSource', { Properties: { Type: 'HTTP' } }));
  expect(source).toHaveLength(1);
  expect(source[0]?.['Properties']).toMatchObject({
    Name: 'RedriveControl',
    HttpConfig: {
      Endpoint: { 'Fn::Join': ['', ['https://sync-states.', { Ref: 'AWS::Region' }, '.amazonaws.com/']] },
      AuthorizationConfig: {
        AuthorizationType: 'AWS_IAM',
        AwsIamConfig: { SigningRegion: { Ref: 'AWS::Region' }, SigningServiceName: 'states' },
      },
    },
  });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: [{ Action: 'states:StartSyncExecution', Effect: 'Allow', Resource: redriveControl }],
    },
  });
});

test('a resolver waits for the schema', () => {
  template.hasResource('AWS::AppSync::Resolver', { DependsOn: Match.arrayWith([Match.stringLikeRegexp('Schema')]) });
});

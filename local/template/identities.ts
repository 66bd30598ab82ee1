import { createHash } from 'node:crypto';
import type { TemplateResource } from './assembly.ts';
import type { Identity } from './intrinsics.ts';

/** Where the stack is deployed, as pseudo parameters tell it. */
export type Deployment = { stackName: string; region: string; accountId: string };

type Naming = (name: string, where: Deployment, logicalId: string) => Identity;

/**
 * The identity of every resource follows from its logical id and name alone, so the template resolves in any order and a restart finds its
 * data again. One line per resource type, with the attributes CloudFormation documents for it and this template uses.
 */
const namings: Record<string, Naming> = {
  'AWS::DynamoDB::Table': (name, where) => {
    const arn = arnOf('dynamodb', `table/${name}`, where);
    return { ref: name, attributes: { Arn: arn, StreamArn: `${arn}/stream/embedded` } };
  },
  'AWS::SNS::Topic': (name, where) => {
    const arn = arnOf('sns', name, where);
    return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
  },
  'AWS::SQS::Queue': (name, where) => ({
    ref: `https://sqs.${where.region}.amazonaws.com/${where.accountId}/${name}`,
    attributes: { Arn: arnOf('sqs', name, where), QueueName: name },
  }),
  'AWS::Lambda::Function': (name, where) => ({
    ref: name,
    attributes: { Arn: arnOf('lambda', `function:${name}`, where) },
  }),
  'AWS::IAM::Role': (name, where) => ({
    ref: name,
    attributes: { Arn: `arn:aws:iam::${where.accountId}:role/${name}`, RoleId: identifier(name, 21) },
  }),
  'AWS::Logs::LogGroup': (name, where) => ({
    ref: name,
    attributes: { Arn: `${arnOf('logs', `log-group:${name}`, where)}:*` },
  }),
  'AWS::CloudWatch::Alarm': (name, where) => ({
    ref: name,
    attributes: { Arn: arnOf('cloudwatch', `alarm:${name}`, where) },
  }),
  'AWS::CloudWatch::Dashboard': (name) => ({ ref: name, attributes: {} }),
  'AWS::KMS::Key': (_name, where, logicalId) => {
    const id = identifier(`${where.stackName}${logicalId}`, 32);
    return { ref: id, attributes: { Arn: arnOf('kms', `key/${id}`, where), KeyId: id } };
  },
  'AWS::StepFunctions::StateMachine': (name, where) => {
    const arn = arnOf('states', `stateMachine:${name}`, where);
    return { ref: arn, attributes: { Arn: arn, Name: name } };
  },
  'AWS::Scheduler::Schedule': (name, where) => ({
    ref: name,
    attributes: { Arn: arnOf('scheduler', `schedule/default/${name}`, where) },
  }),
  'AWS::ApiGatewayV2::Api': (_name, where, logicalId) => {
    const id = identifier(`${where.stackName}${logicalId}`, 10);
    return {
      ref: id,
      attributes: { ApiId: id, ApiEndpoint: `https://${id}.execute-api.${where.region}.amazonaws.com` },
    };
  },
  'AWS::ApiGatewayV2::Authorizer': (_name, where, logicalId) => {
    const id = identifier(`${where.stackName}${logicalId}`, 6);
    return { ref: id, attributes: { AuthorizerId: id } };
  },
  'AWS::Cognito::UserPool': (_name, where, logicalId) => {
    const id = `${where.region}_${identifier(`${where.stackName}${logicalId}`, 9)}`;
    const provider = `cognito-idp.${where.region}.amazonaws.com/${id}`;
    return {
      ref: id,
      attributes: {
        Arn: arnOf('cognito-idp', `userpool/${id}`, where),
        UserPoolId: id,
        ProviderName: provider,
        ProviderURL: `https://${provider}`,
      },
    };
  },
  'AWS::Cognito::UserPoolClient': (_name, where, logicalId) => {
    const id = identifier(`${where.stackName}${logicalId}`, 26);
    return { ref: id, attributes: { ClientId: id } };
  },
  'AWS::Cognito::UserPoolResourceServer': (name) => ({ ref: name, attributes: {} }),
  'AWS::Cognito::UserPoolGroup': (name) => ({ ref: name, attributes: {} }),
  'AWS::Cognito::UserPoolDomain': (name) => ({ ref: name, attributes: {} }),
  'AWS::AppSync::GraphQLApi': (_name, where, logicalId) => {
    const id = identifier(`${where.stackName}${logicalId}`, 26);
    return {
      ref: arnOf('appsync', `apis/${id}`, where),
      attributes: {
        ApiId: id,
        Arn: arnOf('appsync', `apis/${id}`, where),
        GraphQLUrl: `https://${id}.appsync-api.${where.region}.amazonaws.com/graphql`,
      },
    };
  },
};

/** A physical name without the stack's in front: how people and the edge call it. */
export function nameWithoutStack(name: string, { stackName }: Deployment): string {
  return name.startsWith(`${stackName}-`) ? name.slice(stackName.length + 1) : name;
}

/** The property that gives a type its physical name when the template sets one. */
const nameProperties: Record<string, string> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::Cognito::UserPoolResourceServer': 'Identifier',
  'AWS::Cognito::UserPoolGroup': 'GroupName',
  'AWS::Cognito::UserPoolDomain': 'Domain',
  'AWS::AppSync::DataSource': 'Name',
  'AWS::AppSync::FunctionConfiguration': 'Name',
};

/**
 * The identity of a resource.
 * @param properties the resource's properties with intrinsics resolved, of which only the name is read
 */
export function identityOfResource(
  logicalId: string,
  resource: TemplateResource,
  name: string | undefined,
  where: Deployment,
): Identity {
  const naming = namings[resource.Type];
  const fifo = resource.Properties?.['FifoQueue'] === true || resource.Properties?.['FifoTopic'] === true;
  const physicalName = name ?? `${where.stackName}-${logicalId}${fifo ? '.fifo' : ''}`;
  if (naming) return naming(physicalName, where, logicalId);
  const id = identifier(`${where.stackName}${logicalId}`, 7);
  return { ref: id, attributes: { Id: id, Name: physicalName, FunctionId: id } };
}

/** The property of a resource that names it, unresolved; undefined when CloudFormation would make a name up. */
export function givenName(resource: TemplateResource): unknown {
  const property = nameProperties[resource.Type];
  return property === undefined ? undefined : resource.Properties?.[property];
}

/** The pseudo parameters of https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html. */
export function pseudoParameter(name: string, where: Deployment): Identity | undefined {
  const values: Record<string, string> = {
    'AWS::Region': where.region,
    'AWS::AccountId': where.accountId,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': where.stackName,
  };
  const ref = values[name];
  return ref === undefined ? undefined : { ref, attributes: {} };
}

function arnOf(service: string, rest: string, { region, accountId }: Deployment): string {
  return `arn:aws:${service}:${region}:${accountId}:${rest}`;
}

/** An id in the style of AWS's (lower case letters and digits) that is the same at every start. */
function identifier(seed: string, length: number): string {
  const digits = BigInt(`0x${createHash('sha256').update(seed).digest('hex')}`).toString(36);
  return digits.slice(0, length);
}

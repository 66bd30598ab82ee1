import { environments } from '../../infra/config.ts';
import { Synthesized } from './synthesized.ts';

describe.each(environments)('the template of %s', (environment) => {
  const stack = new Synthesized(environment);
  const template = stack.template.toJSON();
  const stackName = `WebSocketNotificationService-${environment}`;

  it('says where to connect and sign in', () => {
    expect(Object.keys(template['Outputs']).sort()).toEqual([
      'GraphqlUrl',
      'HttpUrl',
      'MachineClientId',
      'MachineTokenUrl',
      'MessageLogs',
      'OperatorsTopicArn',
      'RedriveControlLog',
      'RedriveLog',
      'Region',
      'UserPoolClientId',
      'UserPoolId',
      'WebSocketUrl',
    ]);
    expect(template['Outputs'].WebSocketUrl.Value['Fn::Join'][1]).toEqual([
      'wss://',
      { Ref: stack.at('WebSocket/Api', 'AWS::ApiGatewayV2::Api').id },
      '.execute-api.',
      { Ref: 'AWS::Region' },
      '.',
      { Ref: 'AWS::URLSuffix' },
      '/dvl',
    ]);
  });

  it('fits into what CloudFormation takes, with room to grow', () => {
    // 1 MB: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html. The file is indented by one.
    expect(Buffer.byteLength(JSON.stringify(template, undefined, 1))).toBeLessThan(900_000);
    expect(stack.all().length).toBeLessThan(450);
  });

  it('needs no parameter, condition, custom resource or code of others', () => {
    expect(Object.keys(template).sort()).toEqual(['Description', 'Outputs', 'Resources']);
    for (const { Type } of stack.all()) expect(Type).toMatch(/^AWS::(?!CloudFormation)/);
  });

  it('uses only the intrinsics that the embedded cloud knows', () => {
    const used = new Set<string>();
    JSON.stringify(template, (key, value: unknown) => {
      if (key === 'Ref' || key.startsWith('Fn::')) used.add(key);
      return value;
    });
    expect([...used].sort()).toEqual(['Fn::GetAtt', 'Fn::Join', 'Fn::Sub', 'Ref']);
  });

  it('names nothing but functions and their log groups, so that two stacks never meet', () => {
    const named = /^(TableName|QueueName|RoleName|PolicyName|UserPoolName|ClientName)$/;
    for (const { id, Type, Properties } of stack.all()) {
      for (const [property, value] of Object.entries(Properties ?? {})) {
        // A policy's name is CDK's own and made of the logical id; one for X-Ray must be named, which is done with the stack's name. A FIFO
        // topic must be named, too, and CDK does so.
        const policyName = Type === 'AWS::XRay::ResourcePolicy' ? `${stackName}-topics` : id;
        if (property === 'PolicyName') expect(value).toBe(policyName);
        else expect({ Type, property }).not.toMatchObject({ property: expect.stringMatching(named) });
      }
    }
  });
});

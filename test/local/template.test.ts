import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembly, readAssembly, type Template } from '../../local/template/assembly.ts';
import { resolveStack } from '../../local/template/stack.ts';

const where = { stackName: 'Stack', region: 'eu-west-1', accountId: '000000000000' };
const supported = {
  'AWS::SQS::Queue': { QueueName: 'implemented', FifoQueue: 'implemented', Note: 'implemented' },
  'AWS::SNS::Topic': { DisplayName: 'implemented' },
} as const;

function assemblyOf(template: Partial<Template>): Assembly {
  return { stackName: 'Stack', template: { Resources: {}, ...template }, assetPath: (key) => key };
}

function noteOf(value: unknown): unknown {
  const stack = resolveStack(
    assemblyOf({
      Resources: {
        Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
        Alerts: { Type: 'AWS::SNS::Topic' },
        Reader: { Type: 'AWS::SQS::Queue', Properties: { Note: value } },
      },
    }),
    where,
    supported,
  );
  return stack.ofType('AWS::SQS::Queue').find(({ logicalId }) => logicalId === 'Reader')?.properties['Note'];
}

describe('the template loader resolves what CloudFormation would', () => {
  test.each([
    ['Ref to a queue is its URL', { Ref: 'Letters' }, 'https://sqs.eu-west-1.amazonaws.com/000000000000/letters'],
    ['Ref to a topic is its ARN', { Ref: 'Alerts' }, 'arn:aws:sns:eu-west-1:000000000000:Stack-Alerts'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Letters', 'Arn'] }, 'arn:aws:sqs:eu-west-1:000000000000:letters'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Letters.QueueName' }, 'letters'],
    ['Fn::Join over references', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }, 'z']] }, 'a-eu-west-1-z'],
    [
      'Fn::Sub with names and attributes',
      { 'Fn::Sub': '${AWS::StackName}/${Letters.QueueName}/${!kept}' },
      'Stack/letters/${kept}',
    ],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${x}', { x: { Ref: 'AWS::AccountId' } }] }, '000000000000'],
    ['a nested value', { list: [{ deep: { Ref: 'AWS::Partition' } }] }, { list: [{ deep: 'aws' }] }],
    ['a policy condition', { Condition: { Bool: { x: 'true' } } }, { Condition: { Bool: { x: 'true' } } }],
  ])('%s', (_what, value, expected) => {
    expect(noteOf(value)).toEqual(expected);
  });

  test('identities are the same at every start, so that data is found again', () => {
    expect(noteOf({ Ref: 'Alerts' })).toBe(noteOf({ Ref: 'Alerts' }));
  });
});

describe('the template loader refuses by name what the embedded cloud does not implement', () => {
  test.each([
    [{ 'Fn::If': ['c', 1, 2] }, 'Intrinsic Fn::If is not implemented'],
    [{ 'Fn::ImportValue': 'x' }, 'Intrinsic Fn::ImportValue is not implemented'],
    [{ Ref: 'Nobody' }, 'refers to Nobody, which it does not define'],
    [{ 'Fn::GetAtt': ['Letters', 'Colour'] }, 'Fn::GetAtt Letters.Colour is not implemented'],
  ])('%j', (value, message) => {
    expect(() => noteOf(value)).toThrow(message);
  });

  test('every unknown type, property and section at once', () => {
    const assembly = assemblyOf({
      Resources: {
        Bucket: { Type: 'AWS::S3::Bucket' },
        Letters: { Type: 'AWS::SQS::Queue', Properties: { Colour: 'red' } },
      },
      Parameters: {},
    });
    expect(() => resolveStack(assembly, where, supported)).toThrow(
      /resource type AWS::S3::Bucket \(Bucket\)\n.*property Colour of AWS::SQS::Queue \(Letters\)\n.*template section Parameters/,
    );
  });
});

describe('reading an assembly', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assembly-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('finds the template and where an asset lies', () => {
    const artifacts = {
      Stack: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Stack.template.json' } },
      'Stack.assets': { type: 'cdk:asset-manifest', properties: { file: 'Stack.assets.json' } },
    };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts }));
    writeFileSync(join(folder, 'Stack.template.json'), JSON.stringify({ Resources: {} }));
    const files = { abc: { source: { path: 'asset.abc' }, destinations: { here: { objectKey: 'abc.zip' } } } };
    writeFileSync(join(folder, 'Stack.assets.json'), JSON.stringify({ files }));
    const assembly = readAssembly(folder);
    expect(assembly.stackName).toBe('Stack');
    expect(assembly.assetPath('abc.zip')).toBe(join(folder, 'asset.abc'));
    expect(() => assembly.assetPath('other.zip')).toThrow('names no file for other.zip');
  });

  test('says what to do when there is none', () => {
    expect(() => readAssembly(folder)).toThrow('Run "npm run synth" first');
  });
});

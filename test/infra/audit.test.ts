import { environments } from '../../infra/config.ts';
import { listed, type Resource, type Statement, Synthesized, targetId } from './synthesized.ts';

/**
 * Writing, and what Step Functions asks for to write its own
 * (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy). A delivery is not a log: ending one
 * deletes nothing that was written.
 */
const harmless = [
  ...[
    'CreateLogStream',
    'PutLogEvents',
    'CreateLogDelivery',
    'GetLogDelivery',
    'UpdateLogDelivery',
    'DeleteLogDelivery',
  ],
  ...['ListLogDeliveries', 'PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'],
].map((action) => `logs:${action}`);

const oneYear = 365;

describe.each(environments)('the audit in %s', (environment) => {
  const stack = new Synthesized(environment);
  const logOf = (machine: Resource): Resource => {
    const [destination] = machine['Properties'].LoggingConfiguration.Destinations;
    return stack.target(destination.CloudWatchLogsLogGroup.LogGroupArn);
  };
  const audited = ['redrive-control', 'dlq-redrive'].map((name): [string, Resource] => {
    const named = `WebSocketNotificationService-${environment}-${name}`;
    const machine = stack
      .ofType('AWS::StepFunctions::StateMachine')
      .find(({ Properties }) => Properties.StateMachineName === named);
    if (!machine) throw new Error(`There is no state machine ${named}`);
    return [name, machine];
  });

  it('cannot be deleted or shortened with any role of the stack', () => {
    const inline = stack.ofType('AWS::IAM::Role').flatMap(({ Properties }) => Properties.Policies ?? []);
    const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) => stack.ofType(type));
    const statements: Statement[] = [...inline, ...attached.map(({ Properties }) => Properties)].flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
    const allowed = statements.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? listed(Action) : []));
    const touching = allowed.filter((action) => action.startsWith('logs:') || action.includes('*'));
    expect([...new Set(touching)].filter((action) => !harmless.includes(action))).toEqual([]);
    expect(touching).toContain('logs:PutLogEvents');
  });

  it.each(audited)('of %s holds every step with its input and result, for a year', (_, machine) => {
    expect(machine['Properties'].LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: true });
    expect(logOf(machine)['Properties']).toMatchObject({ RetentionInDays: oneYear });
  });

  it.each(audited)('of %s outlives the stack in production', (_, machine) => {
    const { DeletionPolicy, UpdateReplacePolicy } = logOf(machine);
    const policy = environment === 'production' ? 'Retain' : 'Delete';
    expect({ DeletionPolicy, UpdateReplacePolicy }).toEqual({
      DeletionPolicy: policy,
      UpdateReplacePolicy: policy,
    });
  });

  it('is all that is kept of what executions are given: the other workflows’ logs hold their steps alone', () => {
    const others = stack
      .ofType('AWS::StepFunctions::StateMachine')
      .filter(({ id }) => !audited.some(([, machine]) => machine.id === id));
    expect(others.length).toBeGreaterThan(2);
    for (const { Properties } of others) {
      expect(Properties.LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: false });
    }
  });

  it('can be found: the stack tells the names of its logs', () => {
    const outputs = stack.template.toJSON()['Outputs'] as Record<string, { Value: unknown }>;
    const logs = [outputs['RedriveControlLog'], outputs['RedriveLog']].map((output) => targetId(output?.Value));
    expect(logs).toEqual(audited.map(([, machine]) => logOf(machine).id));
  });
});

import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { type AlarmChange, Alarms } from '../../../local/cloudwatch/alarms.ts';
import { type AlarmDefinition, alarmsOf, cloudWatchProperties } from '../../../local/cloudwatch/from-template.ts';
import { MetricFilters } from '../../../local/cloudwatch/metric-filters.ts';
import { MetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { notify, requireAlarmRights } from '../../../local/cloudwatch/notification.ts';
import type { TemplateResource } from '../../../local/template/assembly.ts';
import { resolveStack, type Stack } from '../../../local/template/stack.ts';
import { receive, region, type Scratch, startScratch } from '../messaging/scratch.ts';

const minuteMs = 1_000;
/** The start of a minute. */
const noon = 1_795_000_000_000;

const rings = { AlarmActions: [{ Ref: 'Operators' }], OKActions: [{ Ref: 'Operators' }] };
const failures: TemplateResource = {
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    ...{ AlarmName: 'failures', AlarmDescription: 'Requests fail.', ...rings },
    ...{
      Namespace: 'Shop',
      MetricName: 'Failed',
      Dimensions: [{ Name: 'service', Value: 'till' }],
      Statistic: 'Sum',
      Period: 60,
    },
    ...{ ComparisonOperator: 'GreaterThanThreshold', Threshold: 0, EvaluationPeriods: 3, DatapointsToAlarm: 2 },
    TreatMissingData: 'notBreaching',
  },
};

function stackOf(resources: Record<string, TemplateResource>): Stack {
  const template = { Resources: { Operators: { Type: 'AWS::SNS::Topic' }, ...resources } };
  return resolveStack(
    { stackName: 'shop', template, assetPath: (key) => key },
    { stackName: 'shop', region, accountId: '000000000000' },
    { ...cloudWatchProperties, 'AWS::SNS::Topic': {} },
  );
}

const altered = (properties: Record<string, unknown>): Record<string, TemplateResource> => ({
  Failures: { ...failures, Properties: { ...failures.Properties, ...properties } },
});

describe('alarms of a template', () => {
  const failed = { namespace: 'Shop', name: 'Failed', unit: 'Count', dimensions: { service: 'till' } };
  const minute = (number: number): number => noon + number * minuteMs;

  function watching(resources: Record<string, TemplateResource>) {
    const store = new MetricStore(minuteMs);
    const changes: AlarmChange[] = [];
    const alarms = new Alarms(alarmsOf(stackOf(resources)), store, (_definition, change) => changes.push(change));
    return { store, alarms, changes, evaluate: (number: number) => alarms.evaluate(store.minuteOf(minute(number))) };
  }

  test('one rings when enough minutes are beyond its threshold, and says when that is over', () => {
    const { store, alarms, changes, evaluate } = watching({ Failures: failures });
    expect(alarms.list()).toMatchObject([{ name: 'failures', state: 'INSUFFICIENT_DATA', notEvaluatedFor: [] }]);
    evaluate(0);
    store.put({ ...failed, values: [1], timestamp: minute(1) });
    evaluate(1);
    expect(alarms.list()).toMatchObject([{ state: 'OK' }]);
    store.put({ ...failed, values: [1, 1], timestamp: minute(3) + 999 });
    evaluate(3);
    expect(alarms.list()).toMatchObject([{ state: 'ALARM' }]);
    // Minute 1 is looked at for two minutes longer than it is evaluated.
    evaluate(5);
    evaluate(6);
    expect(changes.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'INSUFFICIENT_DATA > OK',
      'OK > ALARM',
      'ALARM > OK',
    ]);
  });

  test('other dimensions are another metric', () => {
    const { store, alarms, evaluate } = watching({ Failures: failures });
    for (const number of [1, 2, 3]) {
      store.put({ ...failed, dimensions: { service: 'till', stack: 'shop' }, values: [9], timestamp: minute(number) });
    }
    evaluate(3);
    expect(alarms.list()).toMatchObject([{ state: 'OK' }]);
  });

  test('one on what nothing here writes is not evaluated, and says for what', () => {
    const throttles = { Namespace: 'AWS/DynamoDB', MetricName: 'ReadThrottleEvents', TreatMissingData: 'breaching' };
    const { alarms, evaluate } = watching(altered(throttles));
    evaluate(1);
    expect(alarms.list()).toMatchObject([
      { state: 'INSUFFICIENT_DATA', notEvaluatedFor: ['AWS/DynamoDB ReadThrottleEvents'] },
    ]);
  });

  test.each([
    ['a period of five minutes', { Period: 300 }, 'period'],
    ['a statistic', { Statistic: 'IQM' }, 'IQM'],
    ['a comparison', { ComparisonOperator: 'GreaterThanUpperThreshold' }, 'GreaterThanUpperThreshold'],
    ['an action that is no topic', { AlarmActions: ['arn:aws:automate:eu-west-1:ec2:reboot'] }, 'no topic'],
    ['an expression', { Metrics: [{ Id: 'e', Expression: 'SUM(METRICS())' }] }, 'SUM(METRICS())'],
    ['a metric no query has', { Metrics: [{ Id: 'e', Expression: 'm0 + m1' }] }, 'm0'],
    ['an account', { Metrics: [{ Id: 'e', Expression: 'm', AccountId: '1' }] }, 'AccountId'],
  ])('what is not implemented is refused by name: %s', (_what, properties, named) => {
    expect(() => alarmsOf(stackOf(altered(properties)))).toThrow(named);
  });

  test('a property that is not known stops the whole template', () => {
    expect(() => stackOf(altered({ ThresholdMetricId: 'ad1' }))).toThrow('ThresholdMetricId of AWS::CloudWatch::Alarm');
  });
});

describe('metric filters', () => {
  test('count the lines of their log group that match', () => {
    const store = new MetricStore(minuteMs);
    const filters = new MetricFilters(
      stackOf({
        Refused: {
          Type: 'AWS::Logs::MetricFilter',
          Properties: {
            FilterPattern: '{ $.message = "Refused" }',
            LogGroupName: '/door',
            MetricTransformations: [{ MetricName: 'Refused', MetricNamespace: 'shop', MetricValue: '1' }],
          },
        },
      }),
      store,
    );
    filters.line('/door', '{"message":"Refused"}');
    filters.line('/door', '{"message":"Refused","why":"late"}');
    filters.line('/door', '{"message":"Let in"}');
    filters.line('/window', '{"message":"Refused"}');
    const found = store.list();
    expect(found).toMatchObject([{ namespace: 'shop', name: 'Refused', dimensions: {} }]);
    expect(found.flatMap(({ minutes }) => minutes).reduce((total, { sum }) => total + sum, 0)).toBe(2);
  });
});

describe('what operators hear', () => {
  let scratch: Scratch;
  beforeAll(async () => (scratch = await startScratch()));
  afterAll(() => scratch.stop());

  const [definition] = alarmsOf(stackOf({ Failures: failures })) as [AlarmDefinition];

  test('a change is published to the topic, in CloudWatch’s words', async () => {
    const { TopicArn } = await scratch.sns.send(new CreateTopicCommand({ Name: 'shop-Operators' }));
    await scratch.sqs.send(new CreateQueueCommand({ QueueName: 'on-call' }));
    const Endpoint = `arn:aws:sqs:${region}:000000000000:on-call`;
    await scratch.sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes: { RawMessageDelivery: 'true' } }),
    );
    expect(definition.actions.ALARM).toEqual([TopicArn]);

    const at = '2026-01-01T00:00:00.000Z';
    await notify(scratch.messaging, definition, { from: 'OK', to: 'ALARM', at, reason: '2 of 3 minutes' });

    const heard = await receive(scratch, 'on-call', { WaitTimeSeconds: 5 });
    expect(heard.map(({ Body = '' }) => JSON.parse(Body) as unknown)).toEqual([
      {
        AlarmName: 'failures',
        AlarmDescription: 'Requests fail.',
        NewStateValue: 'ALARM',
        NewStateReason: '2 of 3 minutes',
        StateChangeTime: '2026-01-01T00:00:00.000+0000',
        Region: region,
        AlarmArn: `arn:aws:cloudwatch:${region}:000000000000:alarm:failures`,
        OldStateValue: 'OK',
      },
    ]);
  });

  test('a topic whose policy does not let CloudWatch publish stops the cloud', () => {
    const asked: unknown[] = [];
    const policies = (allowed: boolean) => ({
      authorizeService(call: unknown) {
        asked.push(call);
        return allowed ? ({ allowed } as const) : ({ allowed, message: 'no' } as const);
      },
    });
    expect(() => requireAlarmRights([definition], policies(true))).not.toThrow();
    expect(asked).toContainEqual({
      service: 'cloudwatch.amazonaws.com',
      action: 'sns:Publish',
      resource: definition.actions.ALARM[0],
      sourceArn: definition.arn,
    });
    expect(() => requireAlarmRights([definition], policies(false))).toThrow('failures may not publish');
  });
});

import { refuseUnknownProperties } from '../properties.ts';
import type { PropertySupport, Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { EvaluationRules, MissingData } from './evaluation.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { MetricIdentity } from './metric-store.ts';
import { isStatistic, type Statistic } from './statistics.ts';

const forPeople = { noEffect: 'text for people' } as const;

export const cloudWatchProperties: SupportedResources = {
  'AWS::CloudWatch::Alarm': {
    AlarmActions: 'implemented',
    AlarmDescription: 'implemented',
    AlarmName: 'implemented',
    ComparisonOperator: 'implemented',
    DatapointsToAlarm: 'implemented',
    Dimensions: 'implemented',
    EvaluationPeriods: 'implemented',
    ExtendedStatistic: 'implemented',
    InsufficientDataActions: 'implemented',
    MetricName: 'implemented',
    Metrics: 'implemented',
    Namespace: 'implemented',
    OKActions: 'implemented',
    Period: 'implemented',
    Statistic: 'implemented',
    Tags: forPeople,
    Threshold: 'implemented',
    TreatMissingData: 'implemented',
  },
  'AWS::CloudWatch::Dashboard': {
    DashboardBody: { noEffect: 'there is no console here; what a dashboard would show is under /_edge/metrics' },
    DashboardName: { noEffect: 'there is no console here' },
  },
  'AWS::Logs::MetricFilter': {
    FilterPattern: 'implemented',
    LogGroupName: 'implemented',
    MetricTransformations: 'implemented',
  },
  'AWS::KMS::Key': {
    Description: forPeople,
    EnableKeyRotation: { noEffect: 'what the laptop stores is as safe as the laptop' },
    KeyPolicy: { noEffect: 'what the laptop stores is as safe as the laptop' },
    Tags: forPeople,
  },
};

const queryProperties: Record<string, PropertySupport> = {
  Expression: 'implemented',
  Id: 'implemented',
  Label: forPeople,
  MetricStat: 'implemented',
  ReturnData: 'implemented',
};
const metricStatProperties: Record<string, PropertySupport> = {
  Metric: 'implemented',
  Period: 'implemented',
  Stat: 'implemented',
};
const metricProperties: Record<string, PropertySupport> = {
  Dimensions: 'implemented',
  MetricName: 'implemented',
  Namespace: 'implemented',
};

/** One metric an alarm reads, under the name its expression has for it. */
export type Watched = { id: string; metric: MetricIdentity; statistic: Statistic };

const comparisons = {
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
} as const;

/** An alarm of the template, resolved. */
export type AlarmDefinition = EvaluationRules & {
  name: string;
  arn: string;
  description: string;
  watched: Watched[];
  expression: Expression;
  comparison: keyof typeof comparisons;
  threshold: number;
  /** Topics to be told, by the state that begins. */
  actions: Record<'OK' | 'ALARM' | 'INSUFFICIENT_DATA', string[]>;
};

/** Whether a value is beyond the alarm's threshold. */
export function breaches({ comparison, threshold }: AlarmDefinition, value: number): boolean {
  return comparisons[comparison](value, threshold);
}

type Query = {
  Id: string;
  Expression?: string;
  ReturnData?: boolean;
  MetricStat?: { Metric: MetricProperties; Period: number; Stat: string };
};
type MetricProperties = { Namespace: string; MetricName: string; Dimensions?: { Name: string; Value: string }[] };

/**
 * The template's alarms.
 * @throws Error naming what in one of them is not implemented: other periods than a minute, other expressions, other actions than topics
 */
export function alarmsOf(stack: Stack): AlarmDefinition[] {
  const topics = new Set(stack.ofType('AWS::SNS::Topic').map(({ ref }) => ref));
  return stack.ofType('AWS::CloudWatch::Alarm').map((resource) => {
    try {
      return alarmOf(resource, topics);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`AWS::CloudWatch::Alarm ${resource.logicalId}: ${reason}`, { cause: error });
    }
  });
}

function alarmOf({ ref, attributes, properties }: StackResource, topics: ReadonlySet<string>): AlarmDefinition {
  const alarm = properties as {
    AlarmDescription?: string;
    ComparisonOperator: string;
    DatapointsToAlarm?: number;
    EvaluationPeriods: number;
    Threshold: number;
    TreatMissingData?: MissingData;
  };
  const comparison = alarm.ComparisonOperator;
  if (!isComparison(comparison)) throw new Error(`ComparisonOperator ${comparison} is not implemented`);
  const actionsOf = (property: string): string[] => {
    const actions = (properties[property] ?? []) as string[];
    const other = actions.find((action) => !topics.has(action));
    if (other !== undefined) throw new Error(`${property}: ${other} is no topic of the template`);
    return actions;
  };
  return {
    name: ref,
    arn: attributes['Arn'] ?? '',
    description: alarm.AlarmDescription ?? '',
    ...readingOf(properties),
    comparison,
    threshold: alarm.Threshold,
    evaluationPeriods: alarm.EvaluationPeriods,
    datapointsToAlarm: alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods,
    treatMissingData: alarm.TreatMissingData ?? 'missing',
    actions: {
      ALARM: actionsOf('AlarmActions'),
      OK: actionsOf('OKActions'),
      INSUFFICIENT_DATA: actionsOf('InsufficientDataActions'),
    },
  };
}

function isComparison(text: string): text is keyof typeof comparisons {
  return Object.hasOwn(comparisons, text);
}

/** What the alarm reads: one metric, or several and the expression over them. */
function readingOf(properties: Record<string, unknown>): Pick<AlarmDefinition, 'watched' | 'expression'> {
  const { Metrics, Period, Statistic: plain, ExtendedStatistic } = properties;
  if (Metrics === undefined) {
    const metric = identityOf(properties as MetricProperties);
    const watched = [watchedMetric('m', metric, Number(Period), String(plain ?? ExtendedStatistic))];
    return { watched, expression: compileExpression('m') };
  }
  const queries = Metrics as Query[];
  for (const query of queries) refuseUnknownProperties('MetricDataQuery', query, queryProperties);
  const watched = queries.flatMap(({ Id, MetricStat }) => {
    if (!MetricStat) return [];
    refuseUnknownProperties('MetricStat', MetricStat, metricStatProperties);
    refuseUnknownProperties('Metric', MetricStat.Metric, metricProperties);
    return [watchedMetric(Id, identityOf(MetricStat.Metric), MetricStat.Period, MetricStat.Stat)];
  });
  const [result, ...more] = queries.filter(({ Expression: text }) => text !== undefined);
  if (!result?.Expression || more.length > 0) throw new Error(`expected one expression, received ${more.length + 1}`);
  const expression = compileExpression(result.Expression);
  const unknown = expression.ids.find((id) => watched.every((each) => each.id !== id));
  if (unknown !== undefined) throw new Error(`the expression names ${unknown}, which is no metric of the alarm`);
  return { watched, expression };
}

function watchedMetric(id: string, metric: MetricIdentity, period: number, statistic: string): Watched {
  if (period !== 60) throw new Error(`expected a period of 60 s, received ${period}`);
  if (!isStatistic(statistic)) throw new Error(`the statistic ${statistic} is not implemented`);
  return { id, metric, statistic };
}

function identityOf({ Namespace, MetricName, Dimensions = [] }: MetricProperties): MetricIdentity {
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
  return { namespace: Namespace, name: MetricName, dimensions };
}

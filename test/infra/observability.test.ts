import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricCatalogue, metricNamespace, type MetricDefinition } from '../../functions/platform/metric-catalogue.ts';
import { environments } from '../../infra/config.ts';
import { type Resource, root, Synthesized, targetId } from './synthesized.ts';
import { metricsOfAlarm, namesIn, textOf, vendedMetrics, type WatchedMetric, widgetsOf } from './watched-metrics.ts';

const catalogue: Record<string, MetricDefinition> = metricCatalogue;

/** The anchors of a page, as GitHub and most others make them of its headings. */
const anchors = new Set(
  [...readFileSync(join(root, 'docs/operations.md'), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  ),
);

describe.each(environments)('what watches %s', (environment) => {
  const stack = new Synthesized(environment);
  const stackName = `WebSocketNotificationService-${environment}`;
  const names = namesIn(stack);
  const alarms = stack.ofType('AWS::CloudWatch::Alarm');
  const [dashboard] = stack.ofType('AWS::CloudWatch::Dashboard') as [Resource];
  const widgets = widgetsOf(dashboard);
  const filters = stack.ofType('AWS::Logs::MetricFilter');
  const shortName = ({ Properties }: Resource): string => String(Properties.AlarmName).replace(`${stackName}-`, '');

  /** Why there is no such metric; undefined when there is. */
  function unknown({ namespace, name, dimensions }: WatchedMetric): string | undefined {
    if (namespace === metricNamespace) return unknownOfFunctions(name, dimensions);
    if (namespace === stackName) return unknownOfFilters(name, dimensions);
    const vended = vendedMetrics[namespace];
    if (!vended?.metrics.includes(name)) return `AWS documents no ${namespace} ${name}`;
    const given = Object.keys(dimensions).sort();
    if (!vended.dimensions.some((known) => known.join() === given.join())) {
      return `${name} has not the dimensions ${given.join()}: ${vended.page}`;
    }
    const stray = Object.entries(dimensions).find(([dimension, value]) => !names[dimension]?.includes(value));
    return stray && `the stack has no ${stray.join(' ')}`;
  }

  function unknownOfFunctions(name: string, { service = '', stack: of, ...by }: Record<string, string>) {
    const metric = catalogue[name];
    if (!metric) return `the catalogue has no ${name}`;
    if (of !== stackName) return `${name} is of the stack ${of}`;
    if (!metric.services.includes(service)) return `${service} does not write ${name}`;
    if (!stack.functions().has(service)) return `the stack has no function ${service}`;
    if (Object.keys(by).join() !== (metric.by ?? ''))
      return `${name} is by ${metric.by}, not ${Object.keys(by).join()}`;
    const [value] = Object.values(by);
    return value === undefined || metric.values?.includes(value) ? undefined : `${name} has no ${metric.by} ${value}`;
  }

  function unknownOfFilters(name: string, dimensions: Record<string, string>) {
    const transformations = filters.flatMap(({ Properties }) => Properties.MetricTransformations);
    const known = transformations.some(
      (one: { MetricName: string; MetricNamespace: string }) =>
        one.MetricName === name && one.MetricNamespace === stackName,
    );
    return known && Object.keys(dimensions).length === 0 ? undefined : `no filter writes ${name}`;
  }

  describe('the dashboard', () => {
    it('has the name of the documents in production, and one of its own elsewhere in the account', () => {
      const name = 'WebSocketNotificationService-Latency';
      expect(dashboard['Properties'].DashboardName).toBe(
        environment === 'production' ? name : `${name}-${environment}`,
      );
    });

    it('shows metrics that are written, with exactly the dimensions they are written with', () => {
      const problems = widgets.flatMap(({ title, metrics }) =>
        metrics.flatMap((metric) => unknown(metric)?.replace(/^/, `${title}: `) ?? []),
      );
      expect(problems).toEqual([]);
    });

    it('shows every metric of every function', () => {
      const shown = new Set(
        widgets.flatMap(({ metrics }) =>
          metrics.map(({ name, dimensions: { stack: of, service, ...by } }) =>
            (of === stackName ? [name, service, ...Object.values(by)] : []).join(' '),
          ),
        ),
      );
      const written = Object.entries(catalogue).flatMap(([name, { services, values = [undefined] }]) =>
        services.flatMap((service) => values.map((value) => [name, service, ...(value ? [value] : [])].join(' '))),
      );
      expect(written.filter((metric) => !shown.has(metric))).toEqual([]);
    });

    it('shows p50, p95 and p99 of each stage for each type of message', () => {
      for (const name of ['PublishLatency', 'CommitLatency', 'FirstPostLatency', 'DeliveryLatency']) {
        for (const messageType of ['standard', 'fifo', 'sequenced']) {
          const statistics = widgets
            .flatMap(({ metrics }) => metrics)
            .filter((metric) => metric.name === name && metric.dimensions['messageType'] === messageType)
            .map(({ statistic }) => statistic);
          expect(statistics).toEqual(expect.arrayContaining(['p50', 'p95', 'p99']));
        }
      }
    });

    it('fits on a page of 24 columns and in what CloudWatch takes', () => {
      for (const { width } of widgets) expect(width).toBeLessThanOrEqual(24);
      for (const { metrics } of widgets) expect(metrics.length).toBeLessThanOrEqual(500);
      expect(widgets.flatMap(({ metrics }) => metrics).length).toBeLessThanOrEqual(2500);
    });

    it('leads to the runbook', () => {
      const markdown = widgets.map((widget) => widget.markdown).join('');
      const links = [...markdown.matchAll(/\]\(docs\/operations\.md#([\w-]+)\)/g)].map(([, anchor]) => anchor ?? '');
      expect(links).not.toEqual([]);
      expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
    });
  });

  describe.each(alarms)('the alarm $Properties.AlarmName', (alarm) => {
    const { Properties } = alarm;

    it('reads metrics that are written, with exactly the dimensions they are written with', () => {
      expect(metricsOfAlarm(alarm).flatMap((metric) => unknown(metric) ?? [])).toEqual([]);
    });

    it('tells operators when it begins and when it ends', () => {
      const topic = stack.at('Observability/Operators/Topic', 'AWS::SNS::Topic').id;
      for (const actions of [Properties.AlarmActions, Properties.OKActions])
        expect(actions.map(targetId)).toEqual([topic]);
    });

    it('says what is wrong, and which section of the runbook to read', () => {
      const [, reason = '', anchor = ''] =
        /^(.+[.:].*) What to do: docs\/operations\.md#([\w-]+)$/.exec(Properties.AlarmDescription) ?? [];
      expect(reason.length).toBeGreaterThan(30);
      expect([...anchors]).toContain(anchor);
    });

    it('says what a minute without data means', () => {
      expect(['notBreaching', 'missing']).toContain(Properties.TreatMissingData);
    });

    it('is one that CloudWatch takes: ten metrics at most, each minute by minute, with statistics that add up', () => {
      const metrics = metricsOfAlarm(alarm);
      expect(metrics.length).toBeLessThanOrEqual(10);
      const periods = Properties.Metrics
        ? Properties.Metrics.flatMap((query: { MetricStat?: { Period: number } }) => query.MetricStat?.Period ?? [])
        : [Properties.Period];
      for (const period of periods) expect(period).toBe(60);
      expect(Properties.DatapointsToAlarm).toBeLessThanOrEqual(Properties.EvaluationPeriods);
      // Percentiles of several series say nothing when they are summed.
      if (/^[^>]+$/.test(expressionOf(alarm))) {
        for (const { statistic } of metrics) expect(metrics.length === 1 || !statistic.startsWith('p')).toBe(true);
      }
    });
  });

  function expressionOf({ Properties }: Resource): string {
    const queries: { Expression?: string }[] = Properties.Metrics ?? [];
    return queries.map(({ Expression = '' }) => Expression).join('');
  }

  function watchedBy(name: RegExp, dimension: string): string[] {
    const metrics = alarms.filter((alarm) => name.test(shortName(alarm))).flatMap(metricsOfAlarm);
    return [...new Set(metrics.map(({ dimensions }) => dimensions[dimension] ?? ''))].sort();
  }

  it('watches every function for errors and throttles, and against its timeout all that are not paced by it', () => {
    const all = names['FunctionName']?.slice().sort();
    expect(watchedBy(/-functions-failing$/, 'FunctionName')).toEqual(all);
    expect(watchedBy(/-functions-throttled$/, 'FunctionName')).toEqual(all);
    expect(watchedBy(/-functions-near-timeout$/, 'FunctionName')).toEqual(
      all?.filter((name) => !/-(fan-out|redrive-batch)$/.test(name)),
    );
  });

  it('rings at four fifths of a function’s own timeout', () => {
    for (const alarm of alarms.filter((candidate) => shortName(candidate).endsWith('near-timeout'))) {
      const limits = [...expressionOf(alarm).matchAll(/> (\d+)/g)].map(([, limit]) => Number(limit));
      const timeouts = metricsOfAlarm(alarm).map(({ dimensions }) => {
        const [, folder = ''] = dimensions['FunctionName']?.split(`${stackName}-`) ?? [];
        return Number(stack.functions().get(folder)?.['Properties'].Timeout);
      });
      expect(limits).toEqual(timeouts.map((seconds) => 800 * seconds));
    }
  });

  it('watches what waits in every queue', () => {
    expect(watchedBy(/^(queue-behind-|dead-letters-unrecorded)/, 'QueueName')).toEqual(
      names['QueueName']?.slice().sort(),
    );
  });

  it('watches every way of failing that is an answer to somebody', () => {
    expect(watchedBy(/^requests-failing$/, 'service').filter(Boolean)).toEqual(
      [...metricCatalogue.Failed.services].sort(),
    );
  });

  it('counts every dead letter that is recorded', () => {
    expect(watchedBy(/^dead-letters$/, 'queue')).toEqual([...metricCatalogue.DeadLettersRecorded.values].sort());
  });

  it('watches every table, and of those that messages pass every index', () => {
    expect(watchedBy(/^tables-throttled-/, 'TableName')).toEqual(names['TableName']?.slice().sort());
    expect(watchedBy(/^tables-throttled-reads$/, 'GlobalSecondaryIndexName')).toEqual(
      ['', 'bySequence', 'byChat', 'byConnection', 'byUser'].sort(),
    );
  });

  it('watches every workflow but the one that answers by failing, which may only not time out', () => {
    const machines = names['StateMachineArn']?.slice().sort();
    const failing = alarms.filter((alarm) => shortName(alarm) === 'workflows-failing').flatMap(metricsOfAlarm);
    const of = (name: string): string[] =>
      failing.flatMap((metric) => (metric.name === name ? (metric.dimensions['StateMachineArn'] ?? '') : [])).sort();
    expect(of('ExecutionsTimedOut')).toEqual(machines);
    expect(of('ExecutionsFailed')).toEqual(machines?.filter((arn) => !arn.endsWith('-redrive-control')));
  });

  it('hears it when the schedules fall silent, also where nothing is known of them any more', () => {
    const alarm = alarms.find((candidate) => shortName(candidate) === 'schedules-stopped');
    expect(alarm?.['Properties']).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: stack.ofType('AWS::Scheduler::Schedule').length,
      TreatMissingData: 'missing',
      InsufficientDataActions: alarm?.['Properties'].AlarmActions,
    });
  });

  it('lets CloudWatch publish this stack’s alarms and use the key for that, and nobody else', () => {
    const topic = stack.at('Observability/Operators/Topic', 'AWS::SNS::Topic');
    const key = stack.target(topic['Properties'].KmsMasterKeyId);
    const keyUse = key['Properties'].KeyPolicy.Statement.filter(
      ({ Principal }: { Principal: { Service?: string } }) => Principal.Service !== undefined,
    );
    expect(key['Properties'].EnableKeyRotation).toBe(true);
    expect(keyUse).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Principal: { Service: 'cloudwatch.amazonaws.com' },
      }),
    ]);
    const [policy] = stack
      .ofType('AWS::SNS::TopicPolicy')
      .filter(({ Properties }) => Properties.Topics.some((one: unknown) => targetId(one) === topic.id));
    const allowed = policy?.['Properties'].PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Resource: { Ref: topic.id },
    });
    expect(textOf(allowed[0].Condition.ArnLike['aws:SourceArn'])).toBe(
      `arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:${stackName}-*`,
    );
    expect(allowed[0].Condition.StringEquals).toEqual({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  metricCatalogue,
  metricNamespace,
  slowDeliveryMs,
  type MetricDefinition,
} from '../../functions/platform/metric-catalogue.ts';
import { environments, settingsOf } from '../../infra/config.ts';
import * as values from '../../infra/dashboard/values.ts';
import * as serviceMetrics from '../../infra/service-metrics.ts';
import { type Resource, root, Synthesized, targetId } from './synthesized.ts';
import { compilePattern } from '../../local/logs/filter-pattern.ts';
import { metricsOfAlarm, namesIn, textOf, vendedMetrics, type WatchedMetric, widgetsOf } from './watched-metrics.ts';

const catalogue: Record<string, MetricDefinition> = metricCatalogue;

type NamedMetric = { MetricName: string };

const runbook = readFileSync(join(root, 'docs/operations.md'), 'utf8');

/** The anchors of a page, as GitHub and most others make them of its headings. */
const anchors = new Set(
  [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  ),
);

describe('what infra says of the functions’ metrics', () => {
  const { Refused, Posts, RetryOutcomes, PartsRefused, GroupsEnded, DeadLettersSent, RedriveOutcomes } =
    metricCatalogue;
  const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

  test.each<[string, readonly string[], readonly string[]]>([
    ['refusals', values.refusals, Refused.values],
    ['outcomes of posts', values.postOutcomes, Posts.values],
    ['outcomes of retries', values.retryOutcomes, RetryOutcomes.values],
    ['refusals of parts', values.partRefusals, PartsRefused.values],
    ['ends of groups', values.groupOutcomes, GroupsEnded.values],
    ['stages of dead letters', values.deadLetterStages, DeadLettersSent.values],
    ['outcomes of redrives', values.redriveOutcomes, RedriveOutcomes.values],
    ['types of messages', serviceMetrics.messageTypes, metricCatalogue.Published.values],
    ['functions that answer', serviceMetrics.answeringFunctions, metricCatalogue.Failed.services],
    ['functions that post', serviceMetrics.posters, Posts.services],
    ['functions that post first', serviceMetrics.senders, metricCatalogue.DeliveryLatency.services],
    ['functions that write metrics', serviceMetrics.countedFunctions, metricCatalogue.ColdStart.services],
  ])('%s are those of the catalogue', (_what, listed, written) => {
    expect(sorted(listed)).toEqual(sorted(written));
  });

  test('the namespace and what is slow are one', () => {
    expect(serviceMetrics.namespace).toBe(metricNamespace);
    for (const environment of environments) {
      expect(settingsOf(environment).alarms.slowDelivery.toMilliseconds()).toBe(slowDeliveryMs);
    }
    expect(metricCatalogue.SlowMessages.what).toContain(`${slowDeliveryMs.toLocaleString('en')} ms`);
  });

  test('the runbook tells the thresholds of production', () => {
    const { slowDelivery, slowLargeDelivery, streamAge, failedPosts, refusals } = settingsOf('production').alarms;
    const said: [section: string, threshold: string][] = [
      ['delivery-slow', `longer than ${slowDelivery.toSeconds()} s`],
      ['delivery-slow-large', `later than ${slowLargeDelivery.toSeconds()} s`],
      ['posts-failing', `more than ${failedPosts.besides} a minute`],
      ['revocations-behind', `more than ${streamAge.toSeconds()} s late`],
      ['clients-refused', `By ${refusals} a minute`],
    ];
    const sections = runbook.split(/^### /m);
    for (const [name, threshold] of said) {
      const section = sections.find((one) => one.startsWith(`${name}\n`));
      expect(section?.replaceAll(/\s+/g, ' ')).toContain(threshold);
    }
  });
});

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
    if (!stack.functions().has(service) && !isWorkflow(service)) return `the stack has no ${service}`;
    if (Object.keys(by).join() !== (metric.by ?? ''))
      return `${name} is by ${metric.by}, not ${Object.keys(by).join()}`;
    const [value] = Object.values(by);
    return value === undefined || metric.values?.includes(value) ? undefined : `${name} has no ${metric.by} ${value}`;
  }

  function isWorkflow(service: string): boolean {
    return names['StateMachineArn']?.some((arn) => arn.endsWith(`:${stackName}-${service}`)) === true;
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
      const otherwise: Record<string, string> = {
        'dead-letters-waiting': 'ignore',
        'revocations-behind': 'breaching',
        'schedules-stopped': 'missing',
      };
      expect(Properties.TreatMissingData).toBe(otherwise[shortName(alarm)] ?? 'notBreaching');
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
    expect(watchedBy(/-functions-throttled$/, 'FunctionName')).toEqual(all);
    expect(watchedBy(/-functions-near-timeout$/, 'FunctionName')).toEqual(
      all?.filter((name) => !/-(fan-out|redrive-batch)$/.test(name)),
    );
    expect(watchedBy(/-functions-failing$/, 'FunctionName').filter(Boolean)).toEqual(
      all?.filter((name) => !name.endsWith('-websocket-authorizer')),
    );
  });

  it('knows from the authorizer’s log what ended it, and does not take a client without a good token for that', () => {
    const [failing] = alarms.filter((alarm) => shortName(alarm) === 'request-functions-failing').map(metricsOfAlarm);
    expect(failing?.filter(({ namespace }) => namespace === stackName).map(({ name }) => name)).toEqual([
      'AuthorizerEnded',
    ]);
    const counted = (line: string): string[] =>
      filters
        .filter(({ Properties }) => compilePattern(Properties.FilterPattern)(line))
        .flatMap(({ Properties }) => Properties.MetricTransformations.map(({ MetricName }: NamedMetric) => MetricName));
    const id = '6f8ad8a4-7bfc-4b0f-8b7a-52f5a4a4f9d1';
    const thrown = {
      errorType: 'Error',
      errorMessage: 'Unauthorized',
      stack: [
        'Error: Unauthorized',
        '    at async Runtime.handleOnceNonStreaming (file:///var/runtime/index.mjs:1173:29)',
      ],
    };
    const lost = { errorType: 'Runtime.ImportModuleError', errorMessage: 'Error: Cannot find module' };
    expect(counted(`2026-11-22T09:03:22.000Z ${id} Task timed out after 10.01 seconds`)).toEqual(['AuthorizerEnded']);
    expect(counted(`RequestId: ${id} Error: Runtime exited with error: signal: killed`)).toEqual(['AuthorizerEnded']);
    expect(counted(`2026-11-22T09:03:22.000Z\tundefined\tERROR\tUncaught Exception \t${JSON.stringify(lost)}`)).toEqual(
      ['AuthorizerEnded'],
    );
    expect(counted(`2026-11-22T09:03:22.000Z\t${id}\tERROR\tInvoke Error \t${JSON.stringify(thrown)}`)).toEqual([]);
    expect(counted(JSON.stringify({ level: 'INFO', message: 'Refused a connection', why: 'token' }))).toEqual([
      'AuthorizerRefused',
    ]);
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

  it('counts every dead letter that is recorded, and every one that waits', () => {
    const [known] = alarms.filter((alarm) => shortName(alarm) === 'dead-letters-waiting').map(metricsOfAlarm);
    for (const name of ['DeadLettersRecorded', 'DeadLettersWaiting'] as const) {
      const queues = known?.flatMap((metric) => (metric.name === name ? (metric.dimensions['queue'] ?? '') : []));
      expect(queues?.sort()).toEqual([...metricCatalogue[name].values].sort());
    }
  });

  it('watches the posts of every function that posts, by each outcome that is a failure', () => {
    expect(watchedBy(/^posts-/, 'service')).toEqual([...metricCatalogue.Posts.services].sort());
    expect(watchedBy(/^posts-/, 'outcome')).toEqual(
      metricCatalogue.Posts.values.filter((outcome) => outcome !== 'gone').sort(),
    );
  });

  it('watches how late messages are in chats of every size', () => {
    expect(watchedBy(/^delivery-slow-/, 'service')).toEqual([...metricCatalogue.DeliveryLatency.services].sort());
    expect(watchedBy(/^delivery-slow-large$/, 'messageType')).toEqual([...serviceMetrics.messageTypes].sort());
  });

  it('watches every table, and of those that messages pass every index', () => {
    expect(watchedBy(/^tables-throttled-/, 'TableName').filter(Boolean)).toEqual(names['TableName']?.slice().sort());
    expect(watchedBy(/^tables-throttled-reads$/, 'GlobalSecondaryIndexName')).toEqual(
      ['', 'bySequence', 'byChat', 'byConnection', 'byUser'].sort(),
    );
  });

  it('never lacks data about tables, whether or not DynamoDB has any', () => {
    for (const alarm of alarms.filter((candidate) => shortName(candidate).startsWith('tables-throttled-'))) {
      expect(expressionOf(alarm)).toMatch(/ \+ steady - steady$/);
      const [steady] = metricsOfAlarm(alarm).filter(({ namespace }) => namespace === 'AWS/States');
      expect(steady).toMatchObject({ name: 'ExecutionsStarted', statistic: 'Sum' });
    }
  });

  it('watches every workflow but the one that answers by failing, which may only not time out', () => {
    const machines = names['StateMachineArn']?.slice().sort();
    const failing = alarms
      .filter((alarm) => ['workflows-failing', 'redrives-failing'].includes(shortName(alarm)))
      .flatMap(metricsOfAlarm);
    const of = (name: string): string[] =>
      failing.flatMap((metric) => (metric.name === name ? (metric.dimensions['StateMachineArn'] ?? '') : [])).sort();
    expect(of('ExecutionsTimedOut')).toEqual(machines);
    expect(of('ExecutionsFailed')).toEqual(machines?.filter((arn) => !arn.endsWith('-redrive-control')));
  });

  it('rings for the first redrive that fails, and for nothing else that fails as soon', () => {
    const alarm = alarms.find((candidate) => shortName(candidate) === 'redrives-failing');
    expect(alarm?.['Properties']).toMatchObject({ Threshold: 0, EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    const watched = metricsOfAlarm(alarm as Resource).filter(({ name }) => name === 'ExecutionsFailed');
    expect(watched.map(({ dimensions }) => dimensions['StateMachineArn'])).toEqual([
      expect.stringMatching(/-dlq-redrive$/),
    ]);
  });

  it('hears it when changes of permissions are no longer followed, also where nothing is known of them any more', () => {
    const alarm = alarms.find((candidate) => shortName(candidate) === 'revocations-behind');
    expect(alarm?.['Properties']).toMatchObject({
      ...{ MetricName: 'IteratorAge', Statistic: 'Maximum', Threshold: 30_000 },
      ...{ EvaluationPeriods: 3, DatapointsToAlarm: 3, TreatMissingData: 'breaching' },
      AlarmDescription: expect.stringContaining('for 5 minutes not at all') as string,
    });
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

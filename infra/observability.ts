import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Duration, Stack } from 'aws-cdk-lib';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { IFilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { LatencyDashboard } from './dashboard.ts';
import { OperatorsTopic } from './operators-topic.ts';
import { ServiceFunction } from './service-function.ts';
import type { AuthorizerCount } from './service-metrics.ts';
import type { Watched } from './watched.ts';

/** How the stack is seen while it runs: a dashboard, and alarms for those who do not look. It comes after all that it watches. */
export class Observability extends Construct {
  /** Where to subscribe to alarms. */
  readonly operatorsTopicArn: string;

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    const functions = functionsOf(Stack.of(this));
    this.countDecisions(functions.get('websocket-authorizer'));
    const { topic } = new OperatorsTopic(this, 'Operators', watched.settings);
    this.operatorsTopicArn = topic.topicArn;
    const timeouts = new Map([...functions].map(([name, { timeout }]) => [name, timeout ?? Duration.seconds(3)]));
    const { all } = new Alarms(this, 'Alarms', { ...watched, operators: topic, timeouts });
    new LatencyDashboard(this, 'Dashboard', { ...watched, alarms: all });
  }

  /**
   * The authorizer writes no metrics, so that it starts fast, and its `Errors` say nothing, since it refuses by throwing. Its log tells what
   * became of each connection, and Lambda writes there what ended it: timeouts, exits (out of memory, too), and errors of the runtime. Not
   * just `Runtime.`: that stands in the stack of everything that is thrown
   * (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html).
   */
  private countDecisions(authorizer: LambdaFunction | undefined): void {
    if (!authorizer) throw new Error('The stack has no websocket-authorizer.');
    const lines: Record<AuthorizerCount, IFilterPattern> = {
      AuthorizerRefused: FilterPattern.stringValue('$.message', '=', 'Refused a connection'),
      AuthorizerFailed: FilterPattern.stringValue('$.message', '=', 'Could not decide about a connection'),
      AuthorizerEnded: FilterPattern.anyTerm('Task timed out', 'Runtime exited with error', '"errorType":"Runtime.'),
    };
    for (const [metricName, filterPattern] of Object.entries(lines)) {
      new MetricFilter(this, metricName, {
        logGroup: authorizer.logGroup,
        filterPattern,
        metricNamespace: Stack.of(this).stackName,
        metricName,
        metricValue: '1',
      });
    }
  }
}

/** The functions of the stack by their folders. */
function functionsOf(stack: Stack): Map<string, LambdaFunction> {
  const services = stack.node.findAll().filter((construct) => construct instanceof ServiceFunction);
  return new Map(services.map((service) => [service.node.id, service.function]));
}

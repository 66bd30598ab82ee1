import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { countOver, messageFunctions, requestFunctions, sum } from '../service-metrics.ts';
import { persistent, type Watch, Watches } from './watch.ts';

/** Functions that go on until shortly before their timeout when there is much to do: how long they take says nothing. */
const pacedFunctions: readonly string[] = ['fan-out', 'redrive-batch'];

/** Functions that end early, cannot start or take too long. */
export class FunctionsWatches extends Watches {
  all(): Watch[] {
    return [
      ...this.functions('request-functions', requestFunctions),
      ...this.functions('message-functions', messageFunctions),
    ];
  }

  private functions(kind: string, names: readonly string[]): Watch[] {
    const { timeoutShare } = this.props.settings.alarms;
    const who =
      kind === 'request-functions' ? 'Functions that clients wait for' : 'Functions behind queues and streams';
    const each = (metricName: string, statistic: string): Metric[] =>
      names.map((name) => this.metrics.function(name, metricName, { statistic }));
    const durations = names.filter((name) => !pacedFunctions.includes(name));
    const ended = names.flatMap((name) =>
      name === 'websocket-authorizer'
        ? this.metrics.ofAuthorizer('AuthorizerEnded', { statistic: 'Sum' })
        : this.metrics.function(name, 'Errors', { statistic: 'Sum' }),
    );
    return [
      {
        name: `${kind}-failing`,
        section: 'functions-failing',
        reason: `${who} crash, time out or cannot be started.`,
        metric: sum(ended, 'Invocations that failed'),
        over: 0,
        minutes: persistent,
      },
      {
        name: `${kind}-throttled`,
        section: 'functions-throttled',
        reason: `${who} are refused by Lambda: the account's concurrency is used up.`,
        metric: sum(each('Throttles', 'Sum'), 'Invocations refused'),
        over: 0,
        minutes: persistent,
      },
      {
        name: `${kind}-near-timeout`,
        section: 'functions-near-timeout',
        reason: `${who} take ${Math.round(timeoutShare * 100)}% of their timeout (p99): they are about to be cut off.`,
        metric: countOver(
          durations.map((name) => ({
            metric: this.metrics.function(name, 'Duration', { statistic: 'p99' }),
            limit: timeoutShare * this.timeoutMs(name),
          })),
          'Functions near their timeout',
        ),
        over: 0,
        minutes: persistent,
      },
    ];
  }

  private timeoutMs(name: string): number {
    const timeout = this.props.timeouts.get(name);
    if (!timeout) throw new Error(`The stack has no function ${name} to watch.`);
    return timeout.toMilliseconds();
  }
}

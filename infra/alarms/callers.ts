import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { answeringFunctions, formula, sum } from '../service-metrics.ts';
import { persistent, type Watch, Watches } from './watch.ts';

/** What clients ask for, and what they hear through the gateways. */
export class CallersWatches extends Watches {
  all(): Watch[] {
    return [...this.requests(), ...this.gateways()];
  }

  private requests(): Watch[] {
    const failed = [
      ...answeringFunctions.map((service) => this.metrics.emitted('Failed', service, { statistic: 'Sum' })),
      this.metrics.ofAuthorizer('AuthorizerFailed', { statistic: 'Sum' }),
    ];
    return [
      {
        name: 'requests-failing',
        reason: 'Requests of clients are answered with an error that is ours, or that of an AWS service behind us.',
        metric: sum(failed, 'Requests that failed'),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'clients-refused',
        reason: `By ${this.props.settings.alarms.refusals} a minute more clients are refused than let in: by the authorizer, by the limits of a gateway or by the HTTP API.`,
        metric: this.refusals(),
        over: 0,
        minutes: persistent,
      },
    ];
  }

  /**
   * In how many ways more are refused than let in. API Gateway is not documented to count what the authorizer refuses, and counts
   * throttled requests as best it can (https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-monitor.html): so each
   * is looked at by itself.
   */
  private refusals(): IMetric {
    const { webSocket, http, settings } = this.props;
    const { refusals } = settings.alarms;
    const ways = ['authorizer - connects', 'gateway - connects', 'http + http - requests'];
    const named = {
      authorizer: this.metrics.ofAuthorizer('AuthorizerRefused', { statistic: 'Sum' }),
      gateway: this.metrics.gateway(webSocket, 'ClientError', { statistic: 'Sum' }),
      connects: this.metrics.gateway(webSocket, 'ConnectCount', { statistic: 'Sum' }),
      http: this.metrics.gateway(http, '4xx', { statistic: 'Sum' }),
      requests: this.metrics.gateway(http, 'Count', { statistic: 'Sum' }),
    };
    return formula(ways.map((way) => `(${way} > ${refusals})`).join(' + '), named, 'Ways in which most are refused');
  }

  private gateways(): Watch[] {
    const { webSocket, http, graphqlApiId } = this.props;
    return [
      {
        name: 'gateways-failing',
        reason: 'API Gateway answers callers with 5xx, or cannot call the functions behind its routes.',
        metric: sum(
          [
            this.metrics.gateway(http, '5xx', { statistic: 'Sum' }),
            this.metrics.gateway(webSocket, 'ExecutionError', { statistic: 'Sum' }),
          ],
          'Requests the gateways failed at',
        ),
        over: 0,
        minutes: persistent,
      },
      {
        name: 'graphql-failing',
        reason: 'AppSync answers administrators and operators with 5xx.',
        metric: this.metrics.graphql(graphqlApiId, '5XXError', { statistic: 'Sum' }),
        over: 0,
        minutes: persistent,
      },
    ];
  }
}

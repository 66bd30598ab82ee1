import type { IWidget, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { answeringFunctions, countedFunctions, messageTypes, posters, senders, share } from '../service-metrics.ts';
import { graph } from './graph.ts';
import { Panel } from './panel.ts';
import { postOutcomes, refusals } from './values.ts';

/** What clients ask for, and what of it fails or is refused. */
export class CallersPanel extends Panel {
  rows(): IWidget[][] {
    return [this.requests(), this.gateways()];
  }

  private requests(): IWidget[] {
    return [
      this.rates(),
      graph('Requests that failed: ours', [
        ...answeringFunctions.map((service) => this.count('Failed', service, service)),
        this.metrics.ofAuthorizer('AuthorizerFailed', { statistic: 'Sum', label: 'websocket-authorizer' }),
      ]),
      graph('Requests refused: the caller’s', [
        ...refusals.map((reason) => this.total('Refused', answeringFunctions, reason, { reason })),
        this.metrics.ofAuthorizer('AuthorizerRefused', { statistic: 'Sum', label: 'at $connect' }),
      ]),
      graph('Connections', [
        this.count('Connected', 'connection', 'opened'),
        this.count('Disconnected', 'connection', 'closed'),
        this.count('Subscribed', 'subscription', 'subscriptions made'),
        this.count('RevokedSubscriptions', 'permission-stream', 'subscriptions revoked'),
      ]),
      graph(
        'Stream of permissions: how late',
        [this.metrics.function('permission-stream', 'IteratorAge', { statistic: 'Maximum', label: 'age' })],
        'ms',
      ),
    ];
  }

  /** How much goes wrong, whatever the traffic. */
  private rates(): IWidget {
    const invocations = (names: readonly string[]): Metric[] =>
      names.map((name) => this.metrics.function(name, 'Invocations', { statistic: 'Sum' }));
    const posts = (outcomes: readonly string[]): Metric[] =>
      posters.flatMap((service) => outcomes.map((outcome) => this.count('Posts', service, outcome, { outcome })));
    const delivered = (metricName: string, statistic: string): Metric[] =>
      senders.flatMap((service) =>
        messageTypes.map((messageType) => this.metrics.emitted(metricName, service, { statistic }, { messageType })),
      );
    const errors = countedFunctions.map((name) => this.metrics.function(name, 'Errors', { statistic: 'Sum' }));
    const failed = answeringFunctions.map((service) => this.count('Failed', service, service));
    return graph(
      'Error rates',
      [
        share(failed, invocations(answeringFunctions), 'requests that failed', 'requests'),
        share(errors, invocations(countedFunctions), 'invocations that failed', 'invocations'),
        share(posts(['throttled', 'too-large', 'failed']), posts(postOutcomes), 'posts that failed', 'posts'),
        share(delivered('SlowMessages', 'Sum'), delivered('DeliveryLatency', 'SampleCount'), 'slow messages', 'slow'),
      ],
      '%',
    );
  }

  private gateways(): IWidget[] {
    const { webSocket, http, graphqlApiId } = this.watched;
    const count = (label: string): { statistic: string; label: string } => ({ statistic: 'Sum', label });
    return [
      graph('WebSocket API', [
        this.metrics.gateway(webSocket, 'ConnectCount', count('connects')),
        this.metrics.gateway(webSocket, 'MessageCount', count('messages')),
        this.metrics.gateway(webSocket, 'ClientError', count('refused by the gateway')),
        this.metrics.gateway(webSocket, 'IntegrationError', count('answered 4xx or 5xx')),
        this.metrics.gateway(webSocket, 'ExecutionError', count('function not called')),
      ]),
      graph('HTTP API', [
        this.metrics.gateway(http, 'Count', count('requests')),
        this.metrics.gateway(http, '4xx', count('4xx')),
        this.metrics.gateway(http, '5xx', count('5xx')),
      ]),
      graph('GraphQL', [
        this.metrics.graphql(graphqlApiId, '4XXError', count('4xx')),
        this.metrics.graphql(graphqlApiId, '5XXError', count('5xx')),
      ]),
    ];
  }
}

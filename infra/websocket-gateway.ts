import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { CfnStage, WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { WebSocketRouteOptions } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accessLog } from './access-log.ts';
import type { Settings, Throttle } from './config.ts';
import type { ServiceFunction } from './service-function.ts';

const stageName = 'dvl';

const logged = [
  'requestId',
  'requestTime',
  'eventType',
  'routeKey',
  'connectionId',
  'status',
  'error.responseType',
  'authorizer.status',
  'authorizer.latency',
  'integration.status',
  'integration.latency',
];

/** The socket side: the API and its one stage. Routes come with `serve`, so that functions can be told its address. */
export class WebSocketGateway extends Construct {
  private readonly api: WebSocketApi;
  private readonly stage: WebSocketStage;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.api = new WebSocketApi(this, 'Api', { routeSelectionExpression: '$request.body.action' });
    this.stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName,
      autoDeploy: true,
      throttle: settings.throttling.frames,
      accessLogSettings: accessLog(this, settings, logged),
    });
    this.throttle('$connect', settings.throttling.connect);
    this.stage.node.addDependency(this.accountLogging());
  }

  /** The address clients connect to. */
  get url(): string {
    return this.stage.url;
  }

  /** The address functions post to connections at. */
  get endpoint(): string {
    return this.stage.callbackUrl;
  }

  /**
   * ARNs of an action on this stage's connections: `POST` sends, `DELETE` closes.
   * CDK's own grant allows every method.
   */
  connections(method: 'POST' | 'DELETE'): string {
    return `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${this.api.apiId}/${stageName}/${method}/@connections/*`;
  }

  /** Sends opened and closed sockets to one function, and whatever no other route takes to another. */
  serve(functions: { authorizer: ServiceFunction; connection: ServiceFunction; publisher: ServiceFunction }): void {
    // No identity source: API Gateway refuses a request that lacks one before the authorizer sees it, and the token may
    // come in the query or as a subprotocol. CDK's default, the Authorization header, is one no browser can send.
    const authorizer = new WebSocketLambdaAuthorizer('Authorizer', functions.authorizer.function, {
      identitySource: [],
    });
    this.route('$connect', functions.connection, { authorizer });
    this.route('$disconnect', functions.connection);
    // Without a route response what the function returns never reaches the socket.
    this.route('$default', functions.publisher, { returnResponse: true });
  }

  private route(key: string, target: ServiceFunction, options: Omit<WebSocketRouteOptions, 'integration'> = {}): void {
    const name = key.replace('$', '');
    const integration = new WebSocketLambdaIntegration(`${name}-integration`, target.function);
    const route = this.api.addRoute(key, { integration, ...options });
    // A stage that throttles a route must not come before it.
    this.stage.node.addDependency(route);
  }

  private throttle(routeKey: string, { rateLimit, burstLimit }: Throttle): void {
    if (!(this.stage.node.defaultChild instanceof CfnStage)) throw new Error(`${this.stage.node.path} is not a stage`);
    this.stage.node.defaultChild.routeSettings = {
      [routeKey]: { ThrottlingRateLimit: rateLimit, ThrottlingBurstLimit: burstLimit },
    };
  }

  /**
   * WebSocket stages log with the role of the account's API Gateway settings, which a fresh account has not got. The
   * setting is shared by all stacks of the account, so it and its role outlive this one.
   */
  private accountLogging(): CfnAccount {
    const role = new Role(this, 'LoggingRole', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      // API Gateway checks that the role has all this policy gives.
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs')],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }
}

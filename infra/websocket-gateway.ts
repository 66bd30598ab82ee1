import { Aws, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { CfnApi, CfnStage, WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { WebSocketRouteOptions } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accessLog } from './access-log.ts';
import { allow } from './allow.ts';
import { child } from './child.ts';
import type { ServiceFunction } from './service-function.ts';
import type { Settings } from './settings.ts';

const stageName = 'dvl';

/**
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
 *
 * `integration.requestId` is what the function's own log has as `function_request_id`.
 */
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
  'integration.requestId',
  'integration.status',
  'integration.latency',
];

/** What is behind the routes: opening and closing, sending, and every other action by its name, those that get no answer apart. */
export interface SocketFunctions {
  authorizer: ServiceFunction;
  connection: ServiceFunction;
  publisher: ServiceFunction;
  actions: Record<string, ServiceFunction>;
  unanswered: Record<string, ServiceFunction>;
}

/** The socket side: the API and its one stage. Routes come with `serve`, so that functions can be told its address. */
export class WebSocketGateway extends Construct {
  private readonly api: WebSocketApi;
  private readonly stage: WebSocketStage;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.api = new WebSocketApi(this, 'Api', {
      apiName: `${Stack.of(this).stackName}-websocket`,
      routeSelectionExpression: '$request.body.action',
    });
    this.stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName,
      autoDeploy: true,
      throttle: settings.throttling.frames,
      accessLogSettings: accessLog(this, settings, logged),
    });
    const { connect, actions } = settings.throttling;
    child(this.stage, CfnStage).routeSettings = Object.fromEntries(
      Object.entries({ $connect: connect, ...actions }).map(([routeKey, { rateLimit, burstLimit }]) => [
        routeKey,
        { ThrottlingRateLimit: rateLimit, ThrottlingBurstLimit: burstLimit },
      ]),
    );
    this.stage.node.addDependency(this.accountLogging());
  }

  /** The address clients connect to. */
  get url(): string {
    return this.stage.url;
  }

  /** How CloudWatch names the API and its stage. */
  get identity(): { apiId: string; stage: string } {
    return { apiId: this.api.apiId, stage: stageName };
  }

  /** The address functions post to connections at. */
  get endpoint(): string {
    return this.stage.callbackUrl;
  }

  /** Lets a function do this to connections of this stage: `POST` sends, `DELETE` closes. CDK's own grant allows all. */
  letManage(target: ServiceFunction, ...methods: ('POST' | 'DELETE')[]): void {
    const ofConnections = (partition: string, region: string, account: string, api: string): string[] =>
      methods.map(
        (method) => `arn:${partition}:execute-api:${region}:${account}:${api}/${stageName}/${method}/@connections/*`,
      );

    const resources = ofConnections(Aws.PARTITION, Aws.REGION, Aws.ACCOUNT_ID, this.api.apiId);
    target.permit(allow(['execute-api:ManageConnections'], ...resources));

    const apiLogicalId = Stack.of(this).getLogicalId(child(this.api, CfnApi));
    const findings = ofConnections('<AWS::Partition>', '<AWS::Region>', '<AWS::AccountId>', `<${apiLogicalId}>`);
    for (const finding of findings) {
      Validations.of(target).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${finding}]`,
        reason: 'Connection ids are given out as clients connect; the statement is held to one stage and one method.',
      });
    }
  }

  /**
   * Sends opened and closed sockets to one function, each action to the one that does it, and whatever no other route takes
   * to the publisher.
   */
  serve(functions: SocketFunctions): void {
    // No identity source: API Gateway refuses a request that lacks one before the authorizer sees it, and the token may
    // come in the query or as a subprotocol. CDK's default, the Authorization header, is one no browser can send.
    const authorizer = new WebSocketLambdaAuthorizer('Authorizer', functions.authorizer.function, {
      identitySource: [],
    });
    this.route('$connect', functions.connection, { authorizer });
    this.route('$disconnect', functions.connection);
    // Without a route response what the function returns never reaches the socket.
    this.route('$default', functions.publisher, { returnResponse: true });
    for (const [action, target] of Object.entries(functions.actions)) {
      this.route(action, target, { returnResponse: true });
    }
    for (const [action, target] of Object.entries(functions.unanswered)) this.route(action, target);
  }

  private route(key: string, target: ServiceFunction, options: Omit<WebSocketRouteOptions, 'integration'> = {}): void {
    const name = key.replace('$', '');
    const integration = new WebSocketLambdaIntegration(`${name}-integration`, target.function);
    const route = this.api.addRoute(key, { integration, ...options });
    if (!options.authorizer) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'API Gateway takes an authorizer on $connect alone, and hands what it found to every later route.',
      });
    }
    // A stage that throttles a route must not come before it.
    this.stage.node.addDependency(route);
  }

  /**
   * WebSocket stages log with the role of the account's API Gateway settings, which a fresh account has not got. The
   * setting is shared by all stacks of the account, so it and its role outlive this one.
   */
  private accountLogging(): CfnAccount {
    const policy = 'service-role/AmazonAPIGatewayPushToCloudWatchLogs';
    const role = new Role(this, 'LoggingRole', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      // API Gateway checks that the role has all this policy gives.
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(policy)],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`,
      reason: 'The policy AWS documents for the account setting; only API Gateway can take this role on.',
    });
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }
}

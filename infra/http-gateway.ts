import { Duration, Stack } from 'aws-cdk-lib';
import { CorsHttpMethod, HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUserPoolAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { accessLog } from './access-log.ts';
import type { Identity } from './identity.ts';
import type { ServiceFunction } from './service-function.ts';
import type { Settings } from './settings.ts';

/**
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 *
 * `integration.requestId` is what the function's own log has as `function_request_id`.
 */
const logged = [
  'requestId',
  'requestTime',
  'httpMethod',
  'routeKey',
  'status',
  'error.responseType',
  'authorizer.error',
  'integration.requestId',
  'integration.status',
  'integration.latency',
  'responseLength',
];

/** The HTTP side. Every route asks for a token of the user pool: a person's or a machine's to publish, a person's to govern. */
export class HttpGateway extends Construct {
  readonly url: string;
  private readonly api: HttpApi;
  private readonly peopleOnly: HttpUserPoolAuthorizer;

  constructor(scope: Construct, id: string, settings: Settings, identity: Identity) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: `${Stack.of(this).stackName}-http`,
      createDefaultStage: false,
      defaultAuthorizer: new HttpUserPoolAuthorizer('Authorizer', identity.userPool, {
        userPoolClients: [identity.peopleClient, identity.machineClient],
      }),
      corsPreflight: {
        allowOrigins: settings.allowedOrigins.length > 0 ? settings.allowedOrigins : ['*'],
        allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.DELETE],
        // `*` does not stand for this one.
        allowHeaders: ['authorization', 'content-type'],
        maxAge: Duration.hours(1),
      },
    });
    this.peopleOnly = new HttpUserPoolAuthorizer('PeopleAuthorizer', identity.userPool, {
      userPoolClients: [identity.peopleClient],
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      autoDeploy: true,
      throttle: settings.throttling.publish,
      accessLogSettings: accessLog(this, settings, logged),
    });
    this.url = stage.url;
  }

  /** How CloudWatch names the API and its stage. */
  get identity(): { apiId: string; stage: string } {
    return { apiId: this.api.apiId, stage: '$default' };
  }

  serve(functions: { publisher: ServiceFunction }): void {
    this.api.addRoutes({
      path: '/publish',
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('publish-integration', functions.publisher.function),
    });
  }

  servePermissions(target: ServiceFunction): void {
    this.api.addRoutes({
      path: '/permissions',
      authorizer: this.peopleOnly,
      methods: [HttpMethod.GET, HttpMethod.POST, HttpMethod.DELETE],
      integration: new HttpLambdaIntegration('permissions-integration', target.function),
    });
  }
}

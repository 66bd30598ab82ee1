import type { Stack, StackResource, SupportedResources } from '../template/stack.ts';
import type { CorsRules } from './cors.ts';
import type { HttpApiDefinition, HttpRoute, JwtAuthorizer } from './http-api.ts';
import { functionArnOf } from './invoke.ts';
import type { RequestAuthorizer } from './request-authorizer.ts';
import type { WebSocketApiDefinition, WebSocketRoute } from './websocket-api.ts';

const text = { noEffect: 'text for people' };
const accessLogs = { noEffect: 'access logs are written on AWS only' };

export const gatewayProperties: SupportedResources = {
  'AWS::ApiGatewayV2::Api': {
    CorsConfiguration: 'implemented',
    Description: text,
    Name: text,
    ProtocolType: 'implemented',
    RouteSelectionExpression: 'implemented',
  },
  'AWS::ApiGatewayV2::Authorizer': {
    ApiId: 'implemented',
    AuthorizerType: 'implemented',
    AuthorizerUri: 'implemented',
    IdentitySource: 'implemented',
    JwtConfiguration: 'implemented',
    Name: text,
  },
  'AWS::ApiGatewayV2::Integration': {
    ApiId: 'implemented',
    IntegrationType: 'implemented',
    IntegrationUri: 'implemented',
    PayloadFormatVersion: 'implemented',
  },
  'AWS::ApiGatewayV2::Route': {
    ApiId: 'implemented',
    AuthorizationScopes: 'implemented',
    AuthorizationType: 'implemented',
    AuthorizerId: 'implemented',
    RouteKey: 'implemented',
    RouteResponseSelectionExpression: 'implemented',
    Target: 'implemented',
  },
  'AWS::ApiGatewayV2::RouteResponse': { ApiId: 'implemented', RouteId: 'implemented', RouteResponseKey: 'implemented' },
  'AWS::ApiGatewayV2::Stage': {
    AccessLogSettings: accessLogs,
    ApiId: 'implemented',
    AutoDeploy: { noEffect: 'the template is always deployed whole here' },
    DefaultRouteSettings: 'implemented',
    RouteSettings: 'implemented',
    StageName: 'implemented',
  },
  'AWS::ApiGateway::Account': { CloudWatchRoleArn: accessLogs },
};

type Throttling = { ThrottlingRateLimit?: number; ThrottlingBurstLimit?: number };

/** The template's WebSocket API. @throws Error when there is not exactly one */
export function webSocketApiOf(stack: Stack): WebSocketApiDefinition {
  const api = apiOf(stack, 'WEBSOCKET');
  const { RouteSelectionExpression } = api.properties;
  if (RouteSelectionExpression !== '$request.body.action') {
    throw new Error(
      `${api.logicalId} selects routes by ${String(RouteSelectionExpression)}; expected $request.body.action`,
    );
  }
  const responses = new Set(
    stack.ofType('AWS::ApiGatewayV2::RouteResponse').map(({ properties }) => String(properties['RouteId'])),
  );
  const routes = routesOf(stack, api).map((route): [string, WebSocketRoute] => [
    String(route.properties['RouteKey']),
    {
      integrationUri: integrationUriOf(stack, route),
      replies: responses.has(route.ref) && route.properties['RouteResponseSelectionExpression'] === '$default',
      authorizer: requestAuthorizerOf(stack, route),
    },
  ]);
  return { ...placeOf(stack, api), routes: new Map(routes), ...throttlingOf(stageOf(stack, api)) };
}

/**
 * The template's HTTP API.
 * @param verifierFor checks the signature, issuer and expiry of a token against its issuer's published keys
 */
export function httpApiOf(stack: Stack, verifierFor: (issuer: string) => JwtAuthorizer['verify']): HttpApiDefinition {
  const api = apiOf(stack, 'HTTP');
  const routes = routesOf(stack, api).map((route): [string, HttpRoute] => [
    String(route.properties['RouteKey']),
    {
      integrationUri: integrationUriOf(stack, route),
      authorizer: jwtAuthorizerOf(stack, route, verifierFor),
      scopes: (route.properties['AuthorizationScopes'] ?? []) as string[],
    },
  ]);
  return {
    ...placeOf(stack, api),
    routes: new Map(routes),
    cors: api.properties['CorsConfiguration'] as CorsRules | undefined,
    ...throttlingOf(stageOf(stack, api)),
  };
}

function apiOf(stack: Stack, protocol: 'WEBSOCKET' | 'HTTP'): StackResource {
  const apis = stack
    .ofType('AWS::ApiGatewayV2::Api')
    .filter(({ properties }) => properties['ProtocolType'] === protocol);
  const [api] = apis;
  if (!api || apis.length !== 1) throw new Error(`The template defines ${apis.length} ${protocol} APIs; expected one`);
  return api;
}

function stageOf(stack: Stack, api: StackResource): StackResource {
  const stage = stack.ofType('AWS::ApiGatewayV2::Stage').find(({ properties }) => properties['ApiId'] === api.ref);
  if (!stage) throw new Error(`${api.logicalId} has no stage`);
  return stage;
}

function placeOf(stack: Stack, api: StackResource) {
  const { region, accountId } = stack.where;
  const stage = String(stageOf(stack, api).properties['StageName']);
  return { apiId: api.ref, stage, region, accountId, domainName: `${api.ref}.execute-api.${region}.amazonaws.com` };
}

function throttlingOf(stage: StackResource): Pick<WebSocketApiDefinition, 'throttling' | 'routeThrottling'> {
  const routeSettings = Object.entries((stage.properties['RouteSettings'] ?? {}) as Record<string, Throttling>);
  return {
    throttling: limitsOf(stage.properties['DefaultRouteSettings'] as Throttling | undefined),
    routeThrottling: new Map(routeSettings.map(([routeKey, settings]) => [routeKey, limitsOf(settings)])),
  };
}

function limitsOf(settings: Throttling | undefined): { rateLimit: number; burstLimit: number } | undefined {
  const { ThrottlingRateLimit: rateLimit, ThrottlingBurstLimit: burstLimit } = settings ?? {};
  return rateLimit === undefined || burstLimit === undefined ? undefined : { rateLimit, burstLimit };
}

function routesOf(stack: Stack, api: StackResource): StackResource[] {
  return stack.ofType('AWS::ApiGatewayV2::Route').filter(({ properties }) => properties['ApiId'] === api.ref);
}

function integrationUriOf(stack: Stack, route: StackResource): string {
  const target = String(route.properties['Target']).replace('integrations/', '');
  const integration = stack.ofType('AWS::ApiGatewayV2::Integration').find(({ ref }) => ref === target);
  if (!integration)
    throw new Error(`${route.logicalId} names integration ${target}, which the template does not define`);
  const { IntegrationType, IntegrationUri } = integration.properties;
  if (IntegrationType !== 'AWS_PROXY')
    throw new Error(`${integration.logicalId} is ${String(IntegrationType)}; expected AWS_PROXY`);
  return String(IntegrationUri);
}

function authorizerOf(stack: Stack, route: StackResource): StackResource | undefined {
  const id = route.properties['AuthorizerId'];
  return id === undefined ? undefined : stack.ofType('AWS::ApiGatewayV2::Authorizer').find(({ ref }) => ref === id);
}

function requestAuthorizerOf(stack: Stack, route: StackResource): RequestAuthorizer | undefined {
  const authorizer = authorizerOf(stack, route);
  if (!authorizer) return undefined;
  const { AuthorizerType, AuthorizerUri, IdentitySource } = authorizer.properties;
  if (AuthorizerType !== 'REQUEST')
    throw new Error(`${authorizer.logicalId} is ${String(AuthorizerType)}; expected REQUEST`);
  return {
    authorizerId: authorizer.ref,
    functionArn: functionArnOf(String(AuthorizerUri)),
    identitySources: (IdentitySource ?? []) as string[],
  };
}

function jwtAuthorizerOf(
  stack: Stack,
  route: StackResource,
  verifierFor: (issuer: string) => JwtAuthorizer['verify'],
): JwtAuthorizer | undefined {
  const authorizer = authorizerOf(stack, route);
  if (!authorizer) return undefined;
  const { AuthorizerType, JwtConfiguration } = authorizer.properties;
  if (AuthorizerType !== 'JWT') throw new Error(`${authorizer.logicalId} is ${String(AuthorizerType)}; expected JWT`);
  const { Issuer = '', Audience = [] } = JwtConfiguration as { Issuer?: string; Audience?: string[] };
  return { audience: Audience, verify: verifierFor(Issuer) };
}

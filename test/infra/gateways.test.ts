import { environments } from '../../infra/config.ts';
import { Synthesized, targetId } from './synthesized.ts';

describe.each(environments)('gateways of %s', (environment) => {
  const stack = new Synthesized(environment);
  const webSocket = stack.at('WebSocket/Api', 'AWS::ApiGatewayV2::Api');
  const http = stack.at('Http/Api', 'AWS::ApiGatewayV2::Api');
  const routes = stack.ofType('AWS::ApiGatewayV2::Route');
  const stages = stack.ofType('AWS::ApiGatewayV2::Stage');

  const route = (routeKey: string) => {
    const found = routes.find(({ Properties }) => Properties.RouteKey === routeKey);
    if (!found) throw new Error(`No route ${routeKey}`);
    return found;
  };
  /** The folder of the function behind a URI that holds its ARN. */
  const functionIn = (uri: unknown): string | undefined =>
    [...stack.functions()].find(([, { id }]) => JSON.stringify(uri).includes(`"${id}"`))?.[0];
  const functionBehind = (routeKey: string): string | undefined => {
    const integration = targetId(route(routeKey)['Properties'].Target['Fn::Join'][1][1]);
    return functionIn(stack.target({ Ref: integration })['Properties'].IntegrationUri);
  };

  it('serves the routes of the wire protocol', () => {
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([
      '$connect',
      '$default',
      '$disconnect',
      'DELETE /permissions',
      'GET /permissions',
      'POST /permissions',
      'POST /publish',
      'authenticate',
      'ping',
      'replay',
      'report',
      'subscribe',
      'unsubscribe',
    ]);
    expect(webSocket['Properties']).toMatchObject({
      ProtocolType: 'WEBSOCKET',
      RouteSelectionExpression: '$request.body.action',
    });
    expect(functionBehind('$connect')).toBe('connection');
    expect(functionBehind('$disconnect')).toBe('connection');
    expect(functionBehind('$default')).toBe('p2p-websocket-publisher');
    expect(functionBehind('POST /publish')).toBe('a2p-http-publisher');
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(functionBehind(`${method} /permissions`)).toBe('permissions-http');
    }
    expect(functionBehind('subscribe')).toBe('subscription');
    expect(functionBehind('unsubscribe')).toBe('subscription');
    expect(functionBehind('replay')).toBe('replay');
    expect(functionBehind('ping')).toBe('heartbeat');
    expect(functionBehind('authenticate')).toBe('authenticate');
    expect(functionBehind('report')).toBe('report');
  });

  it('asks the authorizer whatever a connecting client brings', () => {
    const { AuthorizationType, AuthorizerId } = route('$connect')['Properties'];
    expect(AuthorizationType).toBe('CUSTOM');
    const authorizer = stack.target(AuthorizerId)['Properties'];
    // With any identity source, a token in the other allowed place gets 401 without the authorizer being asked.
    expect(authorizer).toMatchObject({ AuthorizerType: 'REQUEST', IdentitySource: [] });
    expect(functionIn(authorizer.AuthorizerUri)).toBe('websocket-authorizer');
  });

  it('returns to the socket what the functions behind $default and the actions answer', () => {
    const answering = ['$default', 'subscribe', 'unsubscribe', 'replay', 'ping', 'authenticate'].map(route);
    for (const { Properties } of answering) expect(Properties.RouteResponseSelectionExpression).toBe('$default');
    const responses = stack.ofType('AWS::ApiGatewayV2::RouteResponse');
    expect(responses.map(({ Properties }) => targetId(Properties.RouteId)).sort()).toEqual(
      answering.map(({ id }) => id).sort(),
    );
  });

  it('answers no report', () => {
    expect(route('report')['Properties'].RouteResponseSelectionExpression).toBeUndefined();
  });

  it.each([
    ['POST /publish', ['People', 'Machines']],
    ['POST /permissions', ['People']],
    ['GET /permissions', ['People']],
    ['DELETE /permissions', ['People']],
  ])(
    'takes over HTTP, checked by the gateway, for %s the tokens of %j: machines publish, and do no more',
    (routeKey, clients) => {
      const { AuthorizationType, AuthorizerId } = route(routeKey)['Properties'];
      expect(AuthorizationType).toBe('JWT');
      const { JwtConfiguration, IdentitySource } = stack.target(AuthorizerId)['Properties'];
      expect(IdentitySource).toEqual(['$request.header.Authorization']);
      const idOf = (client: string): string => stack.at(`Identity/Users/${client}`, 'AWS::Cognito::UserPoolClient').id;
      expect(JwtConfiguration.Audience.map(targetId).sort()).toEqual(clients.map(idOf).sort());
      const [userPool] = stack.ofType('AWS::Cognito::UserPool');
      expect(JwtConfiguration.Issuer['Fn::Join'][1]).toContainEqual({ Ref: userPool?.id });
    },
  );

  it('lets browsers call the HTTP API with a token and without cookies', () => {
    expect(http['Properties'].CorsConfiguration).toEqual({
      AllowOrigins: ['*'],
      AllowMethods: ['GET', 'POST', 'DELETE'],
      AllowHeaders: ['authorization', 'content-type'],
      MaxAge: 3600,
    });
  });

  it('deploys the socket side as dvl and the HTTP side at the root', () => {
    expect(stages.map(({ Properties }) => [targetId(Properties.ApiId), Properties.StageName]).sort()).toEqual(
      [
        [webSocket.id, 'dvl'],
        [http.id, '$default'],
      ].sort(),
    );
  });

  it.each(stages)('limits how fast it takes requests: $id', ({ Properties }) => {
    const limits = [Properties.DefaultRouteSettings, ...Object.values<object>(Properties.RouteSettings ?? {})];
    for (const limit of limits) {
      expect(limit).toMatchObject({
        ThrottlingRateLimit: expect.any(Number),
        ThrottlingBurstLimit: expect.any(Number),
      });
    }
  });

  it('limits every action of a socket by itself, so that a flood of one leaves the others and sending alone', () => {
    const stage = stages.find(({ Properties }) => Properties.StageName === 'dvl');
    const ownLimits = Object.keys(stage?.['Properties'].RouteSettings).sort();
    expect(ownLimits).toEqual(['$connect', 'authenticate', 'ping', 'replay', 'report', 'subscribe', 'unsubscribe']);
    for (const routeKey of ownLimits) expect(stage?.['DependsOn']).toContain(route(routeKey).id);
  });

  it('opens sockets no faster than AWS does, 500 a second', () => {
    const stage = stages.find(({ Properties }) => Properties.StageName === 'dvl');
    expect(stage?.['Properties'].RouteSettings.$connect.ThrottlingRateLimit).toBeLessThanOrEqual(500);
    // A stage with settings for a route that is not there yet cannot be made.
    expect(stage?.['DependsOn']).toContain(route('$connect').id);
  });

  it.each(stages)('logs requests without anything a token or a message could be in: $id', ({ Properties }) => {
    const line: Record<string, string> = JSON.parse(Properties.AccessLogSettings.Format);
    expect(line['requestId']).toBe('$context.requestId');
    // By this a row is found in the function's own log.
    expect(line['integrationRequestId']).toBe('$context.integration.requestId');
    for (const variable of Object.values(line)) {
      expect(variable).toMatch(/^\$context\.[A-Za-z.]+$/);
      expect(variable).not.toMatch(/path|query|header|body|identity|claims|principal|message|domain/i);
    }
    expect(stack.target(Properties.AccessLogSettings.DestinationArn).Type).toBe('AWS::Logs::LogGroup');
    // Execution logs hold whole messages.
    expect(Properties.DefaultRouteSettings).not.toHaveProperty('DataTraceEnabled');
    expect(Properties.DefaultRouteSettings).not.toHaveProperty('LoggingLevel');
  });
});

import { JwtVerifier } from 'aws-jwt-verify';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { appSyncResources } from '../appsync/from-stack.ts';
import { type Cognito, startCognito } from '../cognito/cognito.ts';
import { poolOf } from '../cognito/from-template.ts';
import { cognitoProperties } from '../cognito/properties.ts';
import { cloudWatchBackend } from '../cloudwatch/api.ts';
import { type CloudWatch, openCloudWatch } from '../cloudwatch/cloudwatch.ts';
import { cloudWatchProperties } from '../cloudwatch/from-template.ts';
import { requireAlarmRights } from '../cloudwatch/notification.ts';
import { tableProperties } from '../dynamodb/tables.ts';
import { requireDeliveryRights } from '../rights/delivery-rights.ts';
import { type Edge, startEdge } from '../edge/edge.ts';
import type { Principal } from '../edge/iam.ts';
import { type Front, type FrontRoute, startFront } from '../gateway/front.ts';
import { gatewayProperties, httpApiOf, webSocketApiOf } from '../gateway/from-template.ts';
import { HttpApi, type JwtAuthorizer } from '../gateway/http-api.ts';
import type { InvokeFunction } from '../gateway/invoke.ts';
import { managementBackend } from '../gateway/management.ts';
import { WebSocketApi } from '../gateway/websocket-api.ts';
import { eventSourceProperties, startEventSources } from '../lambda/event-sources.ts';
import { functionsOf, invokePermissionsOf, lambdaProperties } from '../lambda/from-template.ts';
import type { FunctionDefinition, LogLine } from '../lambda/function.ts';
import { Functions } from '../lambda/functions.ts';
import { lambdaBackend } from '../lambda/invoke-api.ts';
import { queueProperties } from '../messaging/queues.ts';
import { subscriptionProperties } from '../messaging/subscriptions.ts';
import { topicProperties } from '../messaging/topics.ts';
import type { Outputs } from '../outputs.ts';
import { localPassword, localPeople } from '../people.ts';
import { type Schedule, schedulesOf, scheduleProperties } from '../scheduler/from-template.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import { checkOnce } from '../step-functions/definition/check-once.ts';
import { type StateMachine, stateMachineProperties, stateMachinesOf } from '../step-functions/from-template.ts';
import { observe } from '../summary/observe.ts';
import type { Observed } from '../summary/observed.ts';
import { readAssembly } from '../template/assembly.ts';
import { policyProperties, resourcePoliciesOf } from '../template/policies.ts';
import { resolveStack, type Stack, type SupportedResources } from '../template/stack.ts';
import { requireTracingRights } from '../rights/tracing-rights.ts';
import { requireWorkflowRights } from '../rights/workflow-rights.ts';
import { startXRay, type XRay } from '../xray/xray.ts';
import { demoOutputsOf, outputsOf } from './cloud-outputs.ts';
import { demoRoutes } from './demo-page.ts';
import { startGraphql } from './start-graphql.ts';
import { type Logs, logGroupProperties, startLogs } from './start-logs.ts';
import { principalsOf } from './principals.ts';
import { type Queues, startQueues } from './start-queues.ts';
import { processUsage } from './process-usage.ts';
import { Running } from './running.ts';
import { partitionKeysOf, startTables, type Tables } from './start-tables.ts';
import { startWorkflows, type Workflows } from './start-workflows.ts';

export type CloudSettings = {
  /** The synthesized assembly's folder. */
  assembly: string;
  dataFolder: string;
  /** Port of everything a person or a client uses; 0 for any free one. */
  port: number;
  /** Share of standard messages that are delivered twice, 0 to 1. */
  duplicates: number;
  /** How many seconds a minute of schedules, metrics and alarms takes; 60 unless given. */
  minute?: number;
  /** Called for each line a function writes. */
  log: LogLine;
  /** Called for what fails behind the scenes. */
  onError: (error: unknown) => void;
};

export type Cloud = { stack: Stack; edge: Edge; outputs: Outputs; observed: Observed; stop(): Promise<void> };

const supported: SupportedResources = {
  ...appSyncResources,
  ...cloudWatchProperties,
  ...cognitoProperties,
  ...eventSourceProperties,
  ...gatewayProperties,
  ...lambdaProperties,
  ...policyProperties,
  ...scheduleProperties,
  ...stateMachineProperties,
  'AWS::DynamoDB::Table': tableProperties,
  'AWS::Logs::LogGroup': logGroupProperties,
  'AWS::SNS::Subscription': subscriptionProperties,
  'AWS::SNS::Topic': topicProperties,
  'AWS::SQS::Queue': queueProperties,
};

const region = 'us-east-1';
const accountId = '000000000000';

/**
 * Boots a synthesized template: tables, topics, queues, users, functions, event sources and gateways, with every AWS call passing the edge.
 * @throws Error naming what in the template is not implemented or would lose messages, or PortInUse
 */
export async function startCloud(settings: CloudSettings): Promise<Cloud> {
  const running = new Running();
  // Long polls are cut when the cloud stops; that is no failure.
  const onError = (error: unknown): void => {
    if (!running.isStopping) settings.onError(error);
  };
  try {
    const cloud = await startParts({ ...settings, onError }, running);
    return { ...cloud, stop: () => running.stop() };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function startParts(settings: CloudSettings, running: Running): Promise<Omit<Cloud, 'stop'>> {
  const { onError } = settings;
  const template = await readTemplate(settings.assembly);
  const { stack, definitions } = template;
  const services = await startServices(template, settings, running);
  const { tables, queues, cognito, cloudWatch } = services;
  const verifierOf = tokenVerifier(cognito);
  const code = await startCode(template, services, settings, running);
  const { edge, functions, workflows, webSockets, invoke } = code;
  const httpApi = new HttpApi(httpApiOf(stack, verifierOf), invoke);
  httpApi.watch((request) => cloudWatch.vended.gateway(request));
  const verifier = { verify: verifierOf(cognito.issuer) };
  const graphql = running.add(startGraphql(stack, edge.url, verifier, services.logs.store));

  requireDeliveryRights(stack, edge.policies);
  requireWorkflowRights(template.machines, edge.policies);
  requireAlarmRights(cloudWatch.definitions, edge.policies);
  requireTracingRights(stack, definitions, edge.policies);

  running.add(
    await startEventSources({
      ...{ stack, functions, edge, tables, dataFolder: settings.dataFolder, onError },
      disorder: { random: Math.random, duplicateProbability: settings.duplicates },
    }),
  );
  workflows.resume();
  running.add(
    startScheduler({
      schedules: template.schedules,
      edgeUrl: edge.url,
      region,
      minuteMs: minuteMsOf(settings),
      onError,
    }),
  );
  cloudWatch.start();
  running.add(cloudWatch);
  running.add(webSockets);
  const routes = [graphql.route, ...demoRoutes(demoOutputsOf(stack, cognito))];
  const front = running.add(await openFront(settings.port, webSockets, httpApi, cognito, routes));
  return {
    ...{ stack, edge, outputs: outputsOf(stack, front, edge, cognito) },
    observed: observe({ stack, tables, cloudWatch, webSockets, messaging: queues.messaging }),
  };
}

/** What a template asks for. */
type Template = {
  stack: Stack;
  definitions: FunctionDefinition[];
  machines: StateMachine[];
  principals: Principal[];
  schedules: Schedule[];
};

async function readTemplate(folder: string): Promise<Template> {
  const assembly = readAssembly(folder);
  const stack = resolveStack(assembly, { stackName: assembly.stackName, region, accountId }, supported);
  const machines = stateMachinesOf(stack, assembly);
  await checkOnce(machines.map(({ source }) => source));
  return {
    ...{ stack, machines, definitions: functionsOf(stack, assembly) },
    principals: principalsOf(stack),
    schedules: schedulesOf(stack),
  };
}

/** What keeps data, and calls nobody. */
type Services = {
  tables: Tables;
  queues: Queues;
  cognito: Cognito;
  xray: XRay;
  logs: Logs;
  cloudWatch: CloudWatch;
};

async function startServices({ stack }: Template, settings: CloudSettings, running: Running): Promise<Services> {
  const { dataFolder, onError } = settings;
  const users = localPeople.map(({ username, groups }) => ({ username, password: localPassword(username), groups }));
  const [xray, cognito, tables, queues] = await running.addAll<[XRay, Cognito, Tables, Queues]>([
    startXRay(onError),
    startCognito({ dataFolder: `${dataFolder}/cognito`, region, pool: poolOf(stack), users }),
    startTables(stack, dataFolder, onError),
    startQueues(stack, dataFolder),
  ]);
  const logs = running.add(startLogs(stack, dataFolder));
  const minuteMs = minuteMsOf(settings);
  const cloudWatch = openCloudWatch({ stack, messaging: queues.messaging, minuteMs, onError });
  return { tables, queues, cognito, xray, logs, cloudWatch };
}

/** What runs the stack's own code, and what that calls: they need each other. */
type Code = {
  edge: Edge;
  functions: Functions;
  workflows: Workflows;
  webSockets: WebSocketApi;
  invoke: InvokeFunction;
};

async function startCode(
  { stack, definitions, machines, principals }: Template,
  { tables, queues, cognito, xray, logs, cloudWatch }: Services,
  { dataFolder, log, onError }: CloudSettings,
  running: Running,
): Promise<Code> {
  const invoke: InvokeFunction = (functionArn, sourceArn, event) =>
    functions.invokeFor('apigateway.amazonaws.com', sourceArn, functionArn, event);
  const webSockets = new WebSocketApi(webSocketApiOf(stack), invoke);
  const edge: Edge = running.add(
    await startEdge({
      region,
      accountId,
      principals,
      resourcePolicies: resourcePoliciesOf(stack),
      partitionKeys: partitionKeysOf(stack),
      views: {
        alarms: () => cloudWatch.alarms.list(),
        metrics: () => cloudWatch.metrics.list(),
        process: () => processUsage({ webSockets: webSockets.size, environments: functions.environments }),
      },
      xray,
      backends: {
        dynamodb: tables.backend,
        sns: queues.backend,
        sqs: queues.backend,
        'cognito-idp': cognito.backend,
        'execute-api': managementBackend(webSockets),
        logs: logs.backend,
        cloudwatch: cloudWatchBackend(cloudWatch.metrics),
        lambda: (call) => lambdaBackend(functions)(call),
        states: (call) => workflows.backend(call),
      },
      onCrash({ worker }) {
        if (worker === undefined) return;
        functions.crash(worker);
        workflows.crash(worker);
      },
      roleOfWorker: (worker) => functions.roleOf(worker),
      eventOfWorker: (worker) => functions.eventOf(worker),
      onError,
    }),
  );
  const onLine: LogLine = (line) => {
    log(line);
    logs.ofFunction(line);
    cloudWatch.ofFunction(line);
  };
  const functions: Functions = running.add(
    new Functions(definitions, invokePermissionsOf(stack), edge.port, onLine, xray),
  );
  functions.watch((invocation) => cloudWatch.vended.invocation(invocation));
  webSockets.watch((request) => cloudWatch.vended.gateway(request));
  const workflows: Workflows = running.add(
    startWorkflows({
      ...{ machines, region, edge, dataFolder, logs: logs.store, onError },
      count: (stateMachineArn, eventType) => cloudWatch.vended.execution(stateMachineArn, eventType),
    }),
  );
  return { edge, functions, workflows, webSockets, invoke };
}

function minuteMsOf({ minute = 60 }: CloudSettings): number {
  return minute * 1_000;
}

function openFront(
  port: number,
  webSockets: WebSocketApi,
  httpApi: HttpApi,
  cognito: Cognito,
  others: FrontRoute[],
): Promise<Front> {
  const cognitoPrefix = '/cognito';
  return startFront(
    port,
    [
      {
        prefix: cognitoPrefix,
        handle: ({ method = 'GET', url = '/', headers }, body) =>
          cognito.answer({ method, path: url.slice(cognitoPrefix.length), headers, body }),
      },
      ...others,
      { prefix: '/', handle: (request, body) => httpApi.handle(request, body) },
    ],
    (request, socket, head) => webSockets.upgrade(request, socket, head),
  );
}

/** Checks tokens as API Gateway's JWT authorizer does, with the pool's own keys. */
function tokenVerifier({ issuer, jwks }: Cognito): (wanted: string) => JwtAuthorizer['verify'] {
  return (wanted) => {
    if (wanted !== issuer) throw new Error(`A JWT authorizer trusts ${wanted}; the embedded cloud has ${issuer} only`);
    // The gateway compares audiences itself: Cognito's access tokens have none.
    const verifier = JwtVerifier.create({ issuer, audience: null });
    verifier.cacheJwks(jwks as Jwks);
    return (token) => verifier.verify(token);
  };
}

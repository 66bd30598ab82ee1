import { Aws, CfnOutput, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AccessPlane } from './access-plane.ts';
import { DeadLetters } from './dead-letters.ts';
import { DeliveryPlane } from './delivery-plane.ts';
import { HttpGateway } from './http-gateway.ts';
import { Identity } from './identity.ts';
import { messageLogs } from './message-logs.ts';
import { Messaging } from './messaging.ts';
import { MultiPart } from './multi-part.ts';
import { Observability } from './observability.ts';
import { PermissionFunctions } from './permission-functions.ts';
import type { Settings } from './settings.ts';
import { Tables } from './tables.ts';
import { WebSocketGateway } from './websocket-gateway.ts';

export interface NotificationStackProps {
  settings: Settings;
  /** Folder that holds the functions' bundles, `npm run build`'s output. */
  bundles: string;
  /** Folder that holds the resolvers' bundles, `npm run build`'s output. */
  resolvers: string;
  /** Folder that holds the workflows' definitions. */
  workflows: string;
  /** Text of the GraphQL schema. */
  schema: string;
}

/** The whole service in one stack: its planes share tables and topics, and go out together. */
export class NotificationStack extends Stack {
  constructor(scope: Construct, { settings, bundles, resolvers, workflows, schema }: NotificationStackProps) {
    super(scope, `WebSocketNotificationService-${settings.environment}`, {
      description: 'WebSocket Notification Service: chat and notifications over WebSockets',
      terminationProtection: settings.deletionProtection,
      // The rule that checks the bootstrap version is the template's only use of parameters and conditions.
      synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
    });

    const identity = new Identity(this, 'Identity', settings);
    const tables = new Tables(this, 'Tables', settings);
    const messaging = new Messaging(this, 'Messaging', settings);
    const webSocket = new WebSocketGateway(this, 'WebSocket', settings);
    const http = new HttpGateway(this, 'Http', settings, identity);
    const multiPart = new MultiPart(this, 'MultiPart', { settings, definitions: workflows, tables, messaging });
    new DeliveryPlane(this, 'Delivery', {
      ...{ settings, bundles, identity, tables, messaging, webSocket, http },
      multiPartCompletionArn: multiPart.completionArn,
    });
    new PermissionFunctions(this, 'Permissions', {
      ...{ settings, bundles, tables, messaging, webSocket, http },
      definitions: workflows,
    });
    const deadLetters = new DeadLetters(this, 'DeadLetters', {
      ...{ settings, bundles, tables, messaging },
      definitions: workflows,
    });
    const access = new AccessPlane(this, 'Access', {
      settings,
      userPool: identity.userPool,
      peopleClient: identity.peopleClient,
      tables,
      redriveControl: deadLetters.controlArn,
      schema,
      bundles: resolvers,
    });
    const observability = new Observability(this, 'Observability', {
      ...{ settings, messaging, tables },
      webSocket: webSocket.identity,
      http: http.identity,
      graphqlApiId: access.apiId,
    });

    const outputs = {
      WebSocketUrl: webSocket.url,
      HttpUrl: http.url,
      GraphqlUrl: access.url,
      UserPoolId: identity.userPool.userPoolId,
      UserPoolClientId: identity.peopleClient.userPoolClientId,
      MachineClientId: identity.machineClient.userPoolClientId,
      RedriveControlLog: deadLetters.logs.control,
      RedriveLog: deadLetters.logs.redrive,
      MessageLogs: messageLogs(this).join(','),
      OperatorsTopicArn: observability.operatorsTopicArn,
      Region: Aws.REGION,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}

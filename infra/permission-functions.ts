import { Construct } from 'constructs';
import { allow, allowIf } from './allow.ts';
import { ExpressWorkflow } from './express-workflow.ts';
import type { HttpGateway } from './http-gateway.ts';
import type { Messaging } from './messaging.ts';
import { ServiceFunction, type StreamEvent } from './service-function.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import type { WebSocketGateway } from './websocket-gateway.ts';

export interface PermissionFunctionsProps {
  settings: Settings;
  bundles: string;
  /** Folder that holds the workflows' definitions. */
  definitions: string;
  tables: Tables;
  messaging: Messaging;
  webSocket: WebSocketGateway;
  http: HttpGateway;
}

/** Key of the row that is written every minute, and is nobody's permission: no id begins so. */
const beat = '!beat';

/** What surrounds the Permissions table besides GraphQL: the way in over HTTP, and the end of subscriptions when one goes. */
export class PermissionFunctions extends Construct {
  constructor(scope: Construct, id: string, props: PermissionFunctionsProps) {
    super(scope, id);
    this.follow(props);
    this.watch(props).startEvery('1 minute');
    this.serve(props);
  }

  private follow({ settings, bundles, tables, messaging, webSocket }: PermissionFunctionsProps): void {
    const name = 'permission-stream';
    const follower = new ServiceFunction(this, name, {
      name,
      bundles,
      settings,
      description: 'Ends live subscriptions when the permission they rest on does',
      size: settings.functions.sender,
      environment: {
        PERMISSIONS_TABLE: tables.permissions.tableName,
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        CONNECTIONS_TABLE: tables.connections.tableName,
        WEBSOCKET_ENDPOINT: webSocket.endpoint,
      },
      permissions: [
        allow(['dynamodb:Query', 'dynamodb:DeleteItem', 'dynamodb:UpdateItem'], tables.subscriptions.tableArn),
        allow(['dynamodb:BatchGetItem'], tables.permissions.tableArn, tables.connections.tableArn),
        allow(['dynamodb:ConditionCheckItem'], tables.permissions.tableArn),
      ],
    });
    webSocket.letManage(follower, 'POST');
    // A permission that is new has no subscriptions yet: what rested on one before is settled by that one's removal.
    const events: StreamEvent[] = ['MODIFY', 'REMOVE'];
    follower.follow(tables.permissions, events, settings.permissionStream, messaging.permissionStreamFailures);
  }

  /** Keeps the stream from being silent: a function that is handed nothing then cannot pass for one with nothing to do. */
  private watch({ settings, definitions, tables }: PermissionFunctionsProps): ExpressWorkflow {
    const { tableName, tableArn } = tables.permissions;
    return new ExpressWorkflow(this, 'StreamWatch', {
      name: 'permission-stream-watch',
      definitions,
      settings,
      substitutions: { PermissionsTable: tableName, Beat: beat },
      permissions: [
        allowIf({ 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [beat] } }, ['dynamodb:UpdateItem'], tableArn),
      ],
    });
  }

  private serve({ settings, bundles, tables, http }: PermissionFunctionsProps): void {
    const name = 'permissions-http';
    const server = new ServiceFunction(this, name, {
      name,
      bundles,
      settings,
      description: 'Grants, revokes and lists permissions over HTTP, by the rules of the GraphQL API',
      size: settings.functions.publisher,
      environment: {
        PERMISSIONS_TABLE: tables.permissions.tableName,
        CHATS_TABLE: tables.chats.tableName,
        RATE_LIMITS_TABLE: tables.rateLimits.tableName,
        PERMISSION_RATE_PER_SECOND: String(settings.rateLimit.permissions.perSecond),
        PERMISSION_BURST: String(settings.rateLimit.permissions.burst),
      },
      permissions: [
        allow(['dynamodb:UpdateItem'], tables.rateLimits.tableArn),
        allow(['dynamodb:Query', 'dynamodb:BatchGetItem'], tables.permissions.tableArn),
        // One transaction writes permission and chat and checks the caller's right; the actions are those of its parts.
        allow(['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'], tables.permissions.tableArn),
        allow(['dynamodb:UpdateItem'], tables.chats.tableArn),
      ],
    });
    http.servePermissions(server);
  }
}

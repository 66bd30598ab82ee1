import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, indexOf } from './allow.ts';
import type { Identity } from './identity.ts';
import { ServiceFunction, type ServiceFunctionProps } from './service-function.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

export interface SocketActionsProps {
  settings: Settings;
  bundles: string;
  identity: Identity;
  tables: Tables;
}

/** What a live socket can ask for besides sending: which chats it gets, what it missed, and to go on with a new token. */
export class SocketActions extends Construct {
  /** By the route, which is the action's name. */
  readonly byRoute: Record<string, ServiceFunction>;
  /** Those that nothing answers. */
  readonly unanswered: Record<string, ServiceFunction>;
  private readonly props: SocketActionsProps;

  constructor(scope: Construct, id: string, props: SocketActionsProps) {
    super(scope, id);
    this.props = props;
    const subscription = this.subscription();
    this.byRoute = {
      subscribe: subscription,
      unsubscribe: subscription,
      replay: this.replay(),
      ping: this.heartbeat(),
      authenticate: this.authenticate(),
    };
    this.unanswered = { report: this.report() };
  }

  private subscription(): ServiceFunction {
    const { settings, tables } = this.props;
    const { permissions, connections, subscriptions, chats, rateLimits } = tables;
    const history = this.readHistory();
    return this.function('subscription', {
      description: 'Lets a live socket listen to more chats, or to fewer',
      size: settings.functions.gatekeeper,
      environment: {
        ...history.environment,
        PERMISSIONS_TABLE: permissions.tableName,
        CONNECTIONS_TABLE: connections.tableName,
        SUBSCRIPTIONS_TABLE: subscriptions.tableName,
        CHATS_TABLE: chats.tableName,
        RATE_LIMITS_TABLE: rateLimits.tableName,
        SUBSCRIPTION_RATE_PER_SECOND: String(settings.rateLimit.subscriptions.perSecond),
        SUBSCRIPTION_BURST: String(settings.rateLimit.subscriptions.burst),
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], permissions.tableArn, connections.tableArn, chats.tableArn),
        allow(['dynamodb:UpdateItem'], rateLimits.tableArn),
        allow(['dynamodb:ConditionCheckItem'], permissions.tableArn),
        allow(['dynamodb:PutItem', 'dynamodb:BatchWriteItem', 'dynamodb:UpdateItem'], subscriptions.tableArn),
        allow(['dynamodb:Query'], indexOf(subscriptions.tableArn, 'byConnection')),
        ...history.permissions,
      ],
    });
  }

  private replay(): ServiceFunction {
    const { settings, tables } = this.props;
    const { permissions, connections, chats } = tables;
    const history = this.readHistory();
    return this.function('replay', {
      description: 'Gives a socket what it missed, page by page',
      size: settings.functions.publisher,
      environment: {
        ...history.environment,
        PERMISSIONS_TABLE: permissions.tableName,
        CONNECTIONS_TABLE: connections.tableName,
        CHATS_TABLE: chats.tableName,
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], permissions.tableArn, connections.tableArn, chats.tableArn),
        ...history.permissions,
      ],
    });
  }

  private heartbeat(): ServiceFunction {
    const { settings, tables } = this.props;
    const { connections, subscriptions, chats } = tables;
    return this.function('heartbeat', {
      description: 'Tells a live socket the last number of its chats, and which of them it does not get',
      size: settings.functions.gatekeeper,
      environment: {
        CONNECTIONS_TABLE: connections.tableName,
        SUBSCRIPTIONS_TABLE: subscriptions.tableName,
        CHATS_TABLE: chats.tableName,
      },
      permissions: [allow(['dynamodb:BatchGetItem'], connections.tableArn, subscriptions.tableArn, chats.tableArn)],
    });
  }

  private authenticate(): ServiceFunction {
    const { settings, identity, tables } = this.props;
    const { permissions, connections, subscriptions } = tables;
    return this.function('authenticate', {
      description: 'Keeps a live socket going with a new token',
      size: settings.functions.gatekeeper,
      environment: {
        USER_POOL_ID: identity.userPool.userPoolId,
        USER_POOL_CLIENT_ID: identity.peopleClient.userPoolClientId,
        PERMISSIONS_TABLE: permissions.tableName,
        CONNECTIONS_TABLE: connections.tableName,
        SUBSCRIPTIONS_TABLE: subscriptions.tableName,
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], permissions.tableArn, connections.tableArn),
        allow(['dynamodb:UpdateItem'], connections.tableArn, subscriptions.tableArn),
        // One transaction writes subscriptions and checks what they rest on; the actions are those of its parts.
        allow(['dynamodb:ConditionCheckItem'], permissions.tableArn, connections.tableArn),
        allow(['dynamodb:Query'], indexOf(subscriptions.tableArn, 'byConnection')),
      ],
    });
  }

  /** It calls nothing of AWS's: whoever floods it with reports costs invocations, and is held to the throttle of its route. */
  private report(): ServiceFunction {
    return this.function('report', {
      description: 'Notes how late messages were, as those who got them say',
      size: this.props.settings.functions.gatekeeper,
      environment: {},
      permissions: [],
    });
  }

  /** History by number and by id. How long it is kept tells how old a message is. */
  private readHistory(): { environment: Record<string, string>; permissions: PolicyStatement[] } {
    const { settings, tables } = this.props;
    const { messages } = tables;
    return {
      environment: {
        MESSAGES_TABLE: messages.tableName,
        MESSAGE_RETENTION_DAYS: String(settings.messageRetention.toDays()),
      },
      permissions: [allow(['dynamodb:Query'], messages.tableArn, indexOf(messages.tableArn, 'bySequence'))],
    };
  }

  private function(name: string, part: Omit<ServiceFunctionProps, 'name' | 'bundles' | 'settings'>): ServiceFunction {
    const { settings, bundles } = this.props;
    return new ServiceFunction(this, name, { name, bundles, settings, ...part });
  }
}

import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, indexOf } from './allow.ts';
import { inSeconds } from './config.ts';
import type { HttpGateway } from './http-gateway.ts';
import type { Identity } from './identity.ts';
import type { Messaging } from './messaging.ts';
import { ServiceFunction } from './service-function.ts';
import type { FunctionSettings, Settings } from './settings.ts';
import { SocketActions } from './socket-actions.ts';
import type { Tables } from './tables.ts';
import type { WebSocketGateway } from './websocket-gateway.ts';

export interface DeliveryPlaneProps {
  settings: Settings;
  bundles: string;
  identity: Identity;
  tables: Tables;
  messaging: Messaging;
  webSocket: WebSocketGateway;
  http: HttpGateway;
  /** The workflow that concludes a group of parts. */
  multiPartCompletionArn: string;
}

/** One function to make: where its code is, how big it is, what it is told and what it may do. */
interface Part {
  description: string;
  size: FunctionSettings;
  environment: Record<string, string>;
  permissions: PolicyStatement[];
}

/** From a socket or a backend's call, through topic and queue, to every subscriber's socket. */
export class DeliveryPlane extends Construct {
  private readonly props: DeliveryPlaneProps;

  constructor(scope: Construct, id: string, props: DeliveryPlaneProps) {
    super(scope, id);
    this.props = props;
    const { settings, identity, tables, messaging } = props;

    const actions = new SocketActions(this, 'Actions', { settings, bundles: props.bundles, identity, tables });
    props.webSocket.serve({
      authorizer: this.authorizer(),
      connection: this.connection(),
      publisher: this.p2pPublisher(),
      actions: actions.byRoute,
      unanswered: actions.unanswered,
    });
    props.http.serve({ publisher: this.a2pPublisher() });

    const processor = this.processor();
    props.webSocket.letManage(processor, 'POST', 'DELETE');
    processor.consume(messaging.standard.queue, settings.processor);
    processor.consume(messaging.fifo.queue, settings.processor);

    const fanOut = this.fanOut();
    props.webSocket.letManage(fanOut, 'POST', 'DELETE');
    fanOut.consume(messaging.fanOut, settings.fanOut);

    const deliveryRetry = this.deliveryRetry();
    props.webSocket.letManage(deliveryRetry, 'POST', 'DELETE');
    deliveryRetry.consume(messaging.deliveryRetries, settings.deliveryRetry);
  }

  private authorizer(): ServiceFunction {
    const { settings, identity, tables } = this.props;
    return this.function('websocket-authorizer', {
      description: 'Decides who may open a socket, and which chats it starts with',
      size: settings.functions.gatekeeper,
      environment: {
        USER_POOL_ID: identity.userPool.userPoolId,
        USER_POOL_CLIENT_ID: identity.peopleClient.userPoolClientId,
        PERMISSIONS_TABLE: tables.permissions.tableName,
        ALLOWED_ORIGINS: settings.allowedOrigins.join(','),
      },
      permissions: [allow(['dynamodb:BatchGetItem'], tables.permissions.tableArn)],
    });
  }

  private connection(): ServiceFunction {
    const { settings, tables } = this.props;
    return this.function('connection', {
      description: 'Keeps the rows of sockets and their subscriptions as sockets come and go',
      size: settings.functions.gatekeeper,
      environment: {
        PERMISSIONS_TABLE: tables.permissions.tableName,
        CONNECTIONS_TABLE: tables.connections.tableName,
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        CONNECTION_TTL_SECONDS: inSeconds([settings.connectionLifetime]),
        RATE_LIMITS_TABLE: tables.rateLimits.tableName,
        SUBSCRIPTION_RATE_PER_SECOND: String(settings.rateLimit.subscriptions.perSecond),
        SUBSCRIPTION_BURST: String(settings.rateLimit.subscriptions.burst),
      },
      permissions: [
        allow(['dynamodb:UpdateItem'], tables.rateLimits.tableArn),
        // One transaction writes the rows; the actions are those of its parts.
        allow(['dynamodb:PutItem'], tables.connections.tableArn, tables.subscriptions.tableArn),
        allow(['dynamodb:UpdateItem'], tables.subscriptions.tableArn),
        allow(['dynamodb:Query'], indexOf(tables.connections.tableArn, 'byUser')),
        allow(['dynamodb:BatchGetItem'], tables.permissions.tableArn),
        ...this.removeConnections(),
      ],
    });
  }

  private p2pPublisher(): ServiceFunction {
    const { tables, settings } = this.props;
    const publisher = this.publisher([tables.connections.tableArn]);
    return this.function('p2p-websocket-publisher', {
      description: 'Publishes what people send over their sockets',
      size: settings.functions.publisher,
      environment: { ...publisher.environment, CONNECTIONS_TABLE: tables.connections.tableName },
      permissions: publisher.permissions,
    });
  }

  private a2pPublisher(): ServiceFunction {
    return this.function('a2p-http-publisher', {
      description: 'Publishes what backends send over HTTP',
      size: this.props.settings.functions.publisher,
      ...this.publisher([]),
    });
  }

  /** What both publishers need: who may send, what was sent before, how much was sent lately, and the topics. */
  private publisher(alsoRead: string[]): Pick<Part, 'environment' | 'permissions'> {
    const { settings, tables, messaging } = this.props;
    const { largeChats } = settings.rateLimit;
    return {
      environment: {
        PERMISSIONS_TABLE: tables.permissions.tableName,
        MESSAGES_TABLE: tables.messages.tableName,
        MULTI_PART_TABLE: tables.multiPart.tableName,
        RATE_LIMITS_TABLE: tables.rateLimits.tableName,
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        STANDARD_TOPIC_ARN: messaging.standard.topic.topicArn,
        FIFO_TOPIC_ARN: messaging.fifo.topic.topicArn,
        USER_RATE_PER_SECOND: String(settings.rateLimit.user.perSecond),
        USER_BURST: String(settings.rateLimit.user.burst),
        CHAT_RATE_PER_SECOND: String(settings.rateLimit.chat.perSecond),
        CHAT_BURST: String(settings.rateLimit.chat.burst),
        LARGE_CHAT_USER_RATE_PER_SECOND: String(largeChats.user.perSecond),
        LARGE_CHAT_USER_BURST: String(largeChats.user.burst),
        LARGE_CHAT_RATE_PER_SECOND: String(largeChats.chat.perSecond),
        LARGE_CHAT_BURST: String(largeChats.chat.burst),
      },
      permissions: [
        allow(['dynamodb:BatchGetItem'], tables.permissions.tableArn, tables.messages.tableArn, ...alsoRead),
        // Of the subscriptions the mark of a large chat alone, which is a row among them.
        allow(['dynamodb:BatchGetItem'], tables.multiPart.tableArn, tables.subscriptions.tableArn),
        allow(['dynamodb:UpdateItem'], tables.rateLimits.tableArn),
        allow(['sns:Publish'], messaging.standard.topic.topicArn, messaging.fifo.topic.topicArn),
      ],
    };
  }

  private processor(): ServiceFunction {
    const { settings, tables, messaging, webSocket } = this.props;
    const { standard, fifo, deliveryRetries, fanOut } = messaging;
    return this.function('message-processor', {
      description: 'Writes messages into history, then posts them to every subscriber',
      size: settings.functions.sender,
      environment: {
        CHATS_TABLE: tables.chats.tableName,
        MESSAGES_TABLE: tables.messages.tableName,
        MULTI_PART_TABLE: tables.multiPart.tableName,
        MULTI_PART_DEADLINE_SECONDS: inSeconds([settings.multiPart.deadline]),
        MULTI_PART_COMPLETION_ARN: this.props.multiPartCompletionArn,
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        CONNECTIONS_TABLE: tables.connections.tableName,
        WEBSOCKET_ENDPOINT: webSocket.endpoint,
        STANDARD_DEAD_LETTER_QUEUE_URL: standard.deadLetters.queueUrl,
        FIFO_DEAD_LETTER_QUEUE_URL: fifo.deadLetters.queueUrl,
        DELIVERY_RETRY_QUEUE_URL: deliveryRetries.queueUrl,
        FAN_OUT_QUEUE_URL: fanOut.queueUrl,
        LARGE_CHAT_SUBSCRIBERS: String(settings.fanOut.threshold),
        MESSAGE_RETENTION_DAYS: String(settings.messageRetention.toDays()),
        YOUNG_CONNECTION_SECONDS: inSeconds([settings.youngConnection]),
        PROCESSOR_RETRY_SECONDS: inSeconds(settings.processor.retries),
      },
      permissions: [
        allow(['dynamodb:UpdateItem'], tables.chats.tableArn),
        allow(['dynamodb:PutItem'], tables.messages.tableArn),
        allow(['dynamodb:PutItem', 'dynamodb:UpdateItem'], tables.multiPart.tableArn),
        allow(['states:StartExecution'], this.props.multiPartCompletionArn),
        // It reads the subscribers, and puts one row among them: that they are many.
        allow(['dynamodb:Query', 'dynamodb:PutItem'], tables.subscriptions.tableArn),
        this.deleteConnections(),
        allow(['sqs:SendMessage'], standard.deadLetters.queueArn, fifo.deadLetters.queueArn),
        allow(['sqs:SendMessage'], deliveryRetries.queueArn, fanOut.queueArn),
      ],
    });
  }

  private fanOut(): ServiceFunction {
    const { settings, tables, messaging, webSocket } = this.props;
    return this.function('fan-out', {
      description: 'Posts the messages of large chats, one slot of subscribers at a time',
      size: settings.functions.fanOut,
      environment: {
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        CONNECTIONS_TABLE: tables.connections.tableName,
        WEBSOCKET_ENDPOINT: webSocket.endpoint,
        DELIVERY_RETRY_QUEUE_URL: messaging.deliveryRetries.queueUrl,
        YOUNG_CONNECTION_SECONDS: inSeconds([settings.youngConnection]),
        PROCESSOR_RETRY_SECONDS: inSeconds(settings.processor.retries),
        POSTS_PER_SECOND: String(settings.fanOut.postsPerSecond),
      },
      permissions: [
        allow(['dynamodb:Query'], tables.subscriptions.tableArn),
        this.deleteConnections(),
        allow(['sqs:SendMessage'], messaging.deliveryRetries.queueArn),
      ],
    });
  }

  private deliveryRetry(): ServiceFunction {
    const { settings, tables, messaging, webSocket } = this.props;
    return this.function('delivery-retry', {
      description: 'Tries again, for one socket alone, to post what it missed; closes it when that keeps failing',
      size: settings.functions.sender,
      environment: {
        SUBSCRIPTIONS_TABLE: tables.subscriptions.tableName,
        CONNECTIONS_TABLE: tables.connections.tableName,
        WEBSOCKET_ENDPOINT: webSocket.endpoint,
        YOUNG_CONNECTION_SECONDS: inSeconds([settings.youngConnection]),
        DELIVERY_RETRY_QUEUE_URL: messaging.deliveryRetries.queueUrl,
        DELIVERY_RETRY_SECONDS: inSeconds(settings.deliveryRetry.retries),
      },
      permissions: [
        allow(['dynamodb:GetItem'], tables.subscriptions.tableArn),
        ...this.removeConnections(),
        allow(['sqs:SendMessage'], messaging.deliveryRetries.queueArn),
      ],
    });
  }

  /** To remove all rows of a connection: those of its subscriptions are found through their index. */
  private removeConnections(): PolicyStatement[] {
    const { subscriptions } = this.props.tables;
    return [allow(['dynamodb:Query'], indexOf(subscriptions.tableArn, 'byConnection')), this.deleteConnections()];
  }

  private deleteConnections(): PolicyStatement {
    const { connections, subscriptions } = this.props.tables;
    return allow(['dynamodb:BatchWriteItem'], connections.tableArn, subscriptions.tableArn);
  }

  private function(name: string, part: Part): ServiceFunction {
    const { settings, bundles } = this.props;
    return new ServiceFunction(this, name, { name, bundles, settings, ...part });
  }
}

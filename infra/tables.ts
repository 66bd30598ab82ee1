import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Attribute, TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });
const number = (name: string): Attribute => ({ name, type: AttributeType.NUMBER });

/** Where the service keeps what it knows. */
export class Tables extends Construct {
  /** Who may do what in which chat. Its stream tells of grants and revocations. */
  readonly permissions: Table;
  /** The open sockets and whose they are. */
  readonly connections: Table;
  /** Which sockets listen to a chat, sorted by a slot of the user's hash, so that a large chat can be read in parts. */
  readonly subscriptions: Table;
  /** The number of each chat's latest message, and who made the chat. */
  readonly chats: Table;
  /** History, by id (which sorts by time), and by number for the messages that have one. */
  readonly messages: Table;
  /** How many messages a user or a chat sent in a window of time. */
  readonly rateLimits: Table;
  /** Groups of parts, with an item for the group and one for each part; groups that are not concluded are found by deadline. */
  readonly multiPart: Table;
  /** What could not be handled, drained from the dead-letter queues, by queue and arrival. */
  readonly deadLetters: Table;
  /** Redrives of dead letters, who runs one on which queue now, and what they did so far. */
  readonly redrives: Table;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);

    const table = (name: string, props: Partial<TableProps> & Pick<TableProps, 'partitionKey'>): Table =>
      new Table(this, name, {
        billingMode: BillingMode.PAY_PER_REQUEST,
        encryption: TableEncryption.AWS_MANAGED,
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: settings.deletionProtection,
        removalPolicy: settings.removalPolicy,
        ...props,
      });
    // TTL only clears away: DynamoDB may take days, so every reader checks expiry itself.
    const expiring = { timeToLiveAttribute: 'expiresAt' };

    this.permissions = table('Permissions', {
      partitionKey: text('userId'),
      sortKey: text('chatId'),
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      ...expiring,
    });
    this.permissions.addGlobalSecondaryIndex({
      indexName: 'byChat',
      partitionKey: text('chatId'),
      sortKey: text('userId'),
    });

    this.connections = table('Connections', { partitionKey: text('connectionId'), ...expiring });
    this.connections.addGlobalSecondaryIndex({
      indexName: 'byUser',
      partitionKey: text('userId'),
      sortKey: text('connectedAt'),
    });

    this.subscriptions = table('Subscriptions', {
      partitionKey: text('chatId'),
      sortKey: text('subscriber'),
      ...expiring,
    });
    this.subscriptions.addGlobalSecondaryIndex({
      indexName: 'byConnection',
      partitionKey: text('connectionId'),
      projectionType: ProjectionType.KEYS_ONLY,
    });

    this.chats = table('Chats', { partitionKey: text('chatId') });

    this.messages = table('Messages', { partitionKey: text('chatId'), sortKey: text('messageId'), ...expiring });
    this.messages.addGlobalSecondaryIndex({
      indexName: 'bySequence',
      partitionKey: text('chatId'),
      sortKey: number('sequence'),
    });

    this.rateLimits = table('RateLimits', { partitionKey: text('subject'), sortKey: number('window'), ...expiring });

    this.multiPart = table('MultiPart', { partitionKey: text('group'), sortKey: text('item'), ...expiring });
    this.multiPart.addGlobalSecondaryIndex({
      indexName: 'openGroups',
      partitionKey: text('openShard'),
      sortKey: number('deadline'),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['chatId', 'groupId'],
    });

    this.deadLetters = table('DeadLetters', { partitionKey: text('queue'), sortKey: text('arrival'), ...expiring });
    this.deadLetters.addGlobalSecondaryIndex({
      indexName: 'waiting',
      partitionKey: text('waitingIn'),
      sortKey: text('arrival'),
      projectionType: ProjectionType.KEYS_ONLY,
    });

    this.redrives = table('Redrives', { partitionKey: text('redriveId'), ...expiring });
    this.redrives.addGlobalSecondaryIndex({
      indexName: 'byTime',
      partitionKey: text('kind'),
      sortKey: text('startedAt'),
    });
  }
}

/** Thrown when a function was deployed without a variable it needs: it cannot do its work until the stack is fixed. */
export class MissingEnvironment extends Error {
  override readonly name = 'MissingEnvironment';

  constructor(variable: string) {
    super(`The environment variable ${variable} is not set, so this function cannot run.`);
  }
}

const values = new Map<string, unknown>();

/** Reads a variable once and keeps what it parsed to: the environment does not change while a function lives. */
function once<T>(variable: string, parse: (text: string) => T, fallback?: string): T {
  if (!values.has(variable)) {
    const text = process.env[variable] ?? fallback;
    if (text === undefined) throw new MissingEnvironment(variable);
    values.set(variable, parse(text));
  }
  return values.get(variable) as T;
}

const text = (value: string): string => value;
const list = (value: string): string[] =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
const seconds = (value: string): number[] => list(value).map(Number);

/**
 * What the stack tells a function, by name. Each property is read when first asked for, so that a function needs
 * only the variables it uses. Durations are in seconds unless their name says otherwise.
 */
export const environment = {
  get region() {
    return once('AWS_REGION', text);
  },
  get permissionsTable() {
    return once('PERMISSIONS_TABLE', text);
  },
  get connectionsTable() {
    return once('CONNECTIONS_TABLE', text);
  },
  get subscriptionsTable() {
    return once('SUBSCRIPTIONS_TABLE', text);
  },
  get chatsTable() {
    return once('CHATS_TABLE', text);
  },
  get messagesTable() {
    return once('MESSAGES_TABLE', text);
  },
  get rateLimitsTable() {
    return once('RATE_LIMITS_TABLE', text);
  },
  get multiPartTable() {
    return once('MULTI_PART_TABLE', text);
  },
  get multiPartDeadlineSeconds() {
    return once('MULTI_PART_DEADLINE_SECONDS', Number, '300');
  },
  get multiPartCompletionArn() {
    return once('MULTI_PART_COMPLETION_ARN', text);
  },
  get standardTopicArn() {
    return once('STANDARD_TOPIC_ARN', text);
  },
  get fifoTopicArn() {
    return once('FIFO_TOPIC_ARN', text);
  },
  get userPoolId() {
    return once('USER_POOL_ID', text);
  },
  get userPoolClientId() {
    return once('USER_POOL_CLIENT_ID', text);
  },
  get websocketEndpoint() {
    return once('WEBSOCKET_ENDPOINT', text);
  },
  get standardDeadLetterQueueUrl() {
    return once('STANDARD_DEAD_LETTER_QUEUE_URL', text);
  },
  get fifoDeadLetterQueueUrl() {
    return once('FIFO_DEAD_LETTER_QUEUE_URL', text);
  },
  get deliveryRetryQueueUrl() {
    return once('DELIVERY_RETRY_QUEUE_URL', text);
  },
  get standardQueueUrl() {
    return once('STANDARD_QUEUE_URL', text);
  },
  get fifoQueueUrl() {
    return once('FIFO_QUEUE_URL', text);
  },
  get standardDeadLetterQueueArn() {
    return once('STANDARD_DEAD_LETTER_QUEUE_ARN', text);
  },
  get fifoDeadLetterQueueArn() {
    return once('FIFO_DEAD_LETTER_QUEUE_ARN', text);
  },
  get deliveryRetryDeadLetterQueueArn() {
    return once('DELIVERY_RETRY_DEAD_LETTER_QUEUE_ARN', text);
  },
  get fanOutDeadLetterQueueArn() {
    return once('FAN_OUT_DEAD_LETTER_QUEUE_ARN', text);
  },
  get permissionStreamFailuresArn() {
    return once('PERMISSION_STREAM_FAILURES_ARN', text);
  },
  get deadLettersTable() {
    return once('DEAD_LETTERS_TABLE', text);
  },
  get redrivesTable() {
    return once('REDRIVES_TABLE', text);
  },
  get deadLetterRetrySeconds() {
    return once('DEAD_LETTER_RETRY_SECONDS', Number, '10');
  },
  get redriveLeaseSeconds() {
    return once('REDRIVE_LEASE_SECONDS', Number, '60');
  },
  get redriveRetentionDays() {
    return once('REDRIVE_RETENTION_DAYS', Number, '30');
  },
  get fanOutQueueUrl() {
    return once('FAN_OUT_QUEUE_URL', text);
  },
  /** A chat with more subscribers than this is served by the fan-out workers. */
  get largeChatSubscribers() {
    return once('LARGE_CHAT_SUBSCRIBERS', Number, '1000');
  },
  /** At most so many posts a second by one function environment; 0: as many as API Gateway takes. */
  get postsPerSecond() {
    return once('POSTS_PER_SECOND', Number, '0');
  },
  get messageRetentionDays() {
    return once('MESSAGE_RETENTION_DAYS', Number, '30');
  },
  get userRatePerSecond() {
    return once('USER_RATE_PER_SECOND', Number, '50');
  },
  get userBurst() {
    return once('USER_BURST', Number, '500');
  },
  get chatRatePerSecond() {
    return once('CHAT_RATE_PER_SECOND', Number, '200');
  },
  get subscriptionRatePerSecond() {
    return once('SUBSCRIPTION_RATE_PER_SECOND', Number, '200');
  },
  get subscriptionBurst() {
    return once('SUBSCRIPTION_BURST', Number, '2000');
  },
  get chatBurst() {
    return once('CHAT_BURST', Number, '2000');
  },
  get largeChatUserRatePerSecond() {
    return once('LARGE_CHAT_USER_RATE_PER_SECOND', Number, '1');
  },
  get largeChatUserBurst() {
    return once('LARGE_CHAT_USER_BURST', Number, '10');
  },
  get largeChatRatePerSecond() {
    return once('LARGE_CHAT_RATE_PER_SECOND', Number, '5');
  },
  get largeChatBurst() {
    return once('LARGE_CHAT_BURST', Number, '50');
  },
  get permissionRatePerSecond() {
    return once('PERMISSION_RATE_PER_SECOND', Number, '50');
  },
  get permissionBurst() {
    return once('PERMISSION_BURST', Number, '500');
  },
  get allowedOrigins() {
    return once('ALLOWED_ORIGINS', list, '');
  },
  get youngConnectionSeconds() {
    return once('YOUNG_CONNECTION_SECONDS', Number, '30');
  },
  get processorRetrySeconds() {
    return once('PROCESSOR_RETRY_SECONDS', seconds, '5,20');
  },
  get deliveryRetrySeconds() {
    return once('DELIVERY_RETRY_SECONDS', seconds, '1,2,4,8');
  },
  get connectionTtlSeconds() {
    return once('CONNECTION_TTL_SECONDS', Number, '9000');
  },
};

import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';

export type Environment = 'dev' | 'production' | 'test';

/** Requests a second over time, and how many may come at once. */
export interface Throttle {
  rateLimit: number;
  burstLimit: number;
}

/** How much a second in the long run, and the most that a window of ten seconds takes. */
export interface Allowance {
  perSecond: number;
  burst: number;
}

/** How a queue is read: by one function, in batches, by at most so many copies of it. */
export interface QueueSettings {
  batchSize: number;
  maximumConcurrency: number;
  /** At least six function timeouts, or a slow batch is handed out a second time (AWS: "Using Lambda with Amazon SQS"). */
  visibilityTimeout: Duration;
  /** Receives after which SQS gives up. The functions give up earlier by themselves: this one is for crashes. */
  maxReceiveCount: number;
}

/** How the dead-letter queues are drained. Nothing is ever given up: what cannot be recorded comes again until it can. */
export interface RecorderSettings extends Omit<QueueSettings, 'maxReceiveCount'> {
  /** How soon a letter that could not be recorded comes again. */
  retry: Duration;
}

/** How a table's stream is read. What keeps failing is given up after so many retries, or when it is so old. */
export interface StreamSettings {
  batchSize: number;
  /** How many batches of a shard are in hand at once; records of one item stay in order. 10 at most. */
  parallelBatches: number;
  retryAttempts: number;
  maxRecordAge: Duration;
}

/** From where on somebody is told; over how many minutes is a matter of each alarm (infra/alarms.ts). */
export interface AlarmSettings {
  /** A message that takes longer from its sender to the last subscriber is slow. */
  slowDelivery: Duration;
  /** The same in a large chat, where the last subscriber is behind thousands of others. */
  slowLargeDelivery: Duration;
  /** Posts that may fail: this share of them, and so many a minute besides. */
  failedPosts: { share: number; besides: number };
  /** How many more clients a minute may be refused than are let in. */
  refusals: number;
  /** How much of its timeout a function may take. */
  timeoutShare: number;
  /** How long the oldest message of a queue may wait, the waits between its tries included. */
  queueAge: { messages: Duration; deliveryRetries: Duration; slots: Duration };
  /** How late the stream of permissions may be followed. */
  streamAge: Duration;
  /** How many commits a minute may be lost to others, beyond one for each that was made. */
  contention: number;
  /** How many requests a minute DynamoDB may throttle: those of one kind of table. */
  tableThrottles: number;
}

export interface FunctionSettings {
  memorySize: number;
  timeout: Duration;
}

/** Every duration and limit of the stack. */
export interface Settings {
  environment: Environment;
  logLevel: 'DEBUG' | 'INFO' | 'WARN';
  logRetention: RetentionDays;
  /** What becomes of tables, the user pool and logs when they leave the stack. */
  removalPolicy: RemovalPolicy;
  /** Refuse to delete the tables, the user pool and the stack, whoever asks. */
  deletionProtection: boolean;
  identity: {
    selfSignUp: boolean;
    /** Sign-in with the plain password in the request, as scripts and curl do; without it people sign in with SRP only. */
    passwordSignIn: boolean;
    /** Life of access and id tokens. A socket outlives one, and renews it in band. */
    tokenValidity: Duration;
    refreshTokenValidity: Duration;
  };
  /** Web origins that may open sockets and call the HTTP API; none named: any. */
  allowedOrigins: string[];
  messageRetention: Duration;
  /** How long letters wait in a dead-letter queue, in case nothing drains it. */
  deadLetterRetention: Duration;
  /** Life of connection and subscription rows: a socket's two hours and slack, since `$disconnect` is best effort. */
  connectionLifetime: Duration;
  /** A connection younger than this keeps its rows on a 410: a post that beats the return of `$connect` gets one too. */
  youngConnection: Duration;
  /**
   * What one user may send; what one chat may get from all its members; both once a chat is large, its members' over all such
   * chats; what one user may subscribe to, connecting included; how many permissions one user may change.
   */
  rateLimit: {
    user: Allowance;
    chat: Allowance;
    largeChats: { user: Allowance; chat: Allowance };
    subscriptions: Allowance;
    permissions: Allowance;
  };
  functions: {
    gatekeeper: FunctionSettings;
    publisher: FunctionSettings;
    sender: FunctionSettings;
    fanOut: FunctionSettings;
    redriver: FunctionSettings;
  };
  /** The standard and the FIFO queue, and the waits between a record's three tries. */
  processor: QueueSettings & { retries: Duration[] };
  /** The queue of single posts that failed, and the waits between the tries of one. */
  deliveryRetry: QueueSettings & { retries: Duration[] };
  /** Chats with more subscribers than `threshold` are served by workers, each of which posts at most so often. */
  fanOut: QueueSettings & { threshold: number; postsPerSecond: number };
  /** The stream of permissions. */
  permissionStream: StreamSettings;
  deadLetterRecorder: RecorderSettings;
  multiPart: {
    /** How long a group may go without a new part before it is given up. */
    deadline: Duration;
    /** How long the announcement of a group's end may take before it is announced again. */
    announcementGrace: Duration;
  };
  redrive: {
    /** One holder works on a queue's dead letters at a time; a holder that died is replaced after this. */
    lease: Duration;
    /** An execution hands over to its successor after this: Express workflows end at 5 minutes. */
    executionLife: Duration;
    /** How long dead letters that were redriven or discarded, and redrives, can be looked up. */
    retention: Duration;
  };
  /** How long the executions' logs are kept: they are the audit of redrives. */
  auditRetention: RetentionDays;
  /** `frames`: what is sent. Each action has a limit of its own, so that a flood of one does not stop the others. */
  throttling: { connect: Throttle; frames: Throttle; actions: Record<SocketAction, Throttle>; publish: Throttle };
  alarms: AlarmSettings;
  /** Where people read what to do about an alarm: a file of the repository, or an address it is published at. */
  runbook: string;
}

/** Routes of the socket beside sending. */
export type SocketAction = 'authenticate' | 'ping' | 'replay' | 'report' | 'subscribe' | 'unsubscribe';

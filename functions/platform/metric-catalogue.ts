/**
 * Every metric the functions write, as data: what `count` and `measure` take, what docs/operations.md tells, and what
 * the dashboard and the alarms are made of. All are in one namespace, and have the dimensions `service` (the function's
 * folder) and `stack`; some have one more, `by`, of few values. One is written by a workflow, `dead-letter-watch`. Never an id: each value of a dimension is a metric of
 * its own, and billed so.
 *
 * The authorizer writes none, to stay small: its refusals and failures are counted by metric filters, from its log lines
 * `Refused a connection` and `Could not decide about a connection`.
 */
export const metricNamespace = 'WebSocketNotificationService';

/** A delivery that takes longer counts as slow. */
export const slowDeliveryMs = 3_000;

/** `values`: of the dimension, where they are fixed. `services`: who writes it. */
export interface MetricDefinition {
  unit: 'Count' | 'Milliseconds';
  by?: 'messageType' | 'reason' | 'queue' | 'stage' | 'outcome';
  values?: readonly string[];
  services: readonly string[];
  what: string;
}

/** `sequenced`: FIFO, with numbers of the service's own. */
const messageTypes = ['standard', 'fifo', 'sequenced'] as const;

/** What a caller can be refused for: the names of the `ServiceError`s. */
const refusals = [
  'ConnectionGone',
  'Forbidden',
  'InvalidRequest',
  'MessageIdConflict',
  'PartConflict',
  'PayloadTooLarge',
  'PermissionRefused',
  'TooManyConnections',
  'TooManyRequests',
  'Unauthorized',
] as const;

const publishers = ['a2p-http-publisher', 'p2p-websocket-publisher'] as const;

const answering = [
  ...publishers,
  'authenticate',
  'connection',
  'heartbeat',
  'permissions-http',
  'replay',
  'report',
  'subscription',
] as const;

const deadLetterQueues = ['standard', 'fifo', 'delivery-retry', 'fan-out', 'permission-stream'] as const;

const delivering = ['message-processor', 'fan-out'] as const;

export const metricCatalogue = {
  ColdStart: {
    unit: 'Count',
    services: [
      ...answering,
      ...delivering,
      'dead-letter-recorder',
      'delivery-retry',
      'permission-stream',
      'redrive-batch',
    ],
    what: 'first invocations of new execution environments',
  },
  Published: {
    unit: 'Count',
    by: 'messageType',
    values: messageTypes,
    services: publishers,
    what: 'messages that the topic took',
  },
  PublishLatency: {
    unit: 'Milliseconds',
    by: 'messageType',
    values: messageTypes,
    services: publishers,
    what: 'from a request read to the topic having its message',
  },
  Refused: {
    unit: 'Count',
    by: 'reason',
    values: refusals,
    services: answering,
    what: "requests answered with an error that is the caller's",
  },
  Failed: {
    unit: 'Count',
    services: answering,
    what: 'requests answered with an error that is ours, or of AWS',
  },
  Repeated: {
    unit: 'Count',
    services: publishers,
    what: 'messages accepted again without publishing them, because history had them',
  },
  Unrouted: {
    unit: 'Count',
    services: publishers,
    what: 'messages published for a channel other than WebSocket, which no queue of this stack takes; `Published`, too',
  },
  Committed: {
    unit: 'Count',
    by: 'messageType',
    values: messageTypes,
    services: ['message-processor'],
    what: 'messages new in history',
  },
  DuplicatesAbsorbed: {
    unit: 'Count',
    services: ['message-processor'],
    what: 'records whose message history held already, or the same run a second time',
  },
  SequenceConflicts: {
    unit: 'Count',
    services: ['message-processor'],
    what: 'commit transactions lost to another one and tried again',
  },
  RunLength: {
    unit: 'Count',
    services: ['message-processor'],
    what: 'messages of one commit transaction',
  },
  CommitLatency: {
    unit: 'Milliseconds',
    by: 'messageType',
    values: messageTypes,
    services: ['message-processor'],
    what: 'from publishing a message to its being in history',
  },
  FirstPostLatency: {
    unit: 'Milliseconds',
    by: 'messageType',
    values: messageTypes,
    services: delivering,
    what: 'from publishing a message to the first post of it that arrived; in a large chat, of each slot',
  },
  DeliveryLatency: {
    unit: 'Milliseconds',
    by: 'messageType',
    values: messageTypes,
    services: delivering,
    what: 'from publishing a message to the last post of it that arrived; in a large chat, of each slot',
  },
  SlowMessages: {
    unit: 'Count',
    by: 'messageType',
    values: messageTypes,
    services: delivering,
    what: 'messages whose DeliveryLatency passed 3,000 ms; in a large chat, once for each slot',
  },
  FanOutSize: {
    unit: 'Count',
    services: delivering,
    what: 'connections that a run of messages was for; in a large chat, of each slot',
  },
  Posts: {
    unit: 'Count',
    by: 'outcome',
    values: ['delivered', 'gone', 'throttled', 'too-large', 'failed'],
    services: [...delivering, 'delivery-retry'],
    what: 'single posts to connections',
  },
  RetriedLater: {
    unit: 'Count',
    services: delivering,
    what: 'connections whose frames went to the retry queue',
  },
  ClosedForReplay: {
    unit: 'Count',
    services: delivering,
    what: 'connections closed because not even the retry queue took their frames: their clients come back and replay',
  },
  RetryOutcomes: {
    unit: 'Count',
    by: 'outcome',
    values: ['delivered', 'gone', 'closed', 'again', 'moot'],
    services: ['delivery-retry'],
    what: 'tries of the retry queue, by how they ended; `moot`: nobody listens there any more',
  },
  SlotsHanded: {
    unit: 'Count',
    services: ['message-processor'],
    what: "jobs queued for large chats' slots; those that SQS drops as repeats are counted, too",
  },
  SlotsServed: {
    unit: 'Count',
    services: ['fan-out'],
    what: "jobs of large chats' slots done",
  },
  SlotLatency: {
    unit: 'Milliseconds',
    services: ['fan-out'],
    what: "from queueing a slot's job to its being done",
  },
  DeadLettersSent: {
    unit: 'Count',
    by: 'stage',
    values: ['parse', 'commit', 'subscribers', 'multi-part'],
    services: ['message-processor'],
    what: 'records the processor gave up, by where they failed',
  },
  DeadLettersRecorded: {
    unit: 'Count',
    by: 'queue',
    values: deadLetterQueues,
    services: ['dead-letter-recorder'],
    what: 'dead letters recorded that wait for an operator, by the queue they are listed under',
  },
  DeadLettersDiscarded: {
    unit: 'Count',
    services: ['dead-letter-recorder'],
    what: 'dead letters recorded as discarded, for they contradict history: nobody needs to do anything',
  },
  DeadLettersWaiting: {
    unit: 'Count',
    by: 'queue',
    values: deadLetterQueues,
    services: ['dead-letter-watch'],
    what: 'dead letters that are neither redriven nor discarded, each minute',
  },
  PartsCommitted: {
    unit: 'Count',
    services: ['message-processor'],
    what: 'parts new in history',
  },
  PartsRefused: {
    unit: 'Count',
    by: 'reason',
    values: ['totalParts', 'sender', 'partNumber', 'closed'],
    services: ['message-processor'],
    what: 'parts given up because their group can never take them',
  },
  GroupsEnded: {
    unit: 'Count',
    by: 'outcome',
    values: ['completed', 'incomplete'],
    services: ['message-processor'],
    what: "groups of parts whose end's announcement is new in history",
  },
  RedriveOutcomes: {
    unit: 'Count',
    by: 'outcome',
    values: ['redriven', 'discarded', 'skipped', 'failed'],
    services: ['redrive-batch'],
    what: 'dead letters that a redrive settled, left out or failed at',
  },
  Connected: {
    unit: 'Count',
    services: ['connection'],
    what: 'connections opened',
  },
  Disconnected: {
    unit: 'Count',
    services: ['connection'],
    what: 'connections that API Gateway said are closed',
  },
  Subscribed: {
    unit: 'Count',
    services: ['subscription'],
    what: 'subscriptions made, or made again, by the action `subscribe`',
  },
  RevokedSubscriptions: {
    unit: 'Count',
    services: ['permission-stream'],
    what: 'subscriptions ended because their permission was',
  },
  ReportedLatency: {
    unit: 'Milliseconds',
    services: ['report'],
    what: 'from publishing a message to a client having seen it, as the client says',
  },
} as const satisfies Record<string, MetricDefinition>;

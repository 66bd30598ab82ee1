import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Messaging } from './messaging.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

/** What alarms and the dashboard look at, besides the functions. */
export interface Watched {
  settings: Settings;
  messaging: Messaging;
  tables: Tables;
  webSocket: { apiId: string; stage: string };
  http: { apiId: string; stage: string };
  graphqlApiId: string;
}

/** A table with its indexes: each is throttled by itself. */
export interface WatchedTable {
  table: ITable;
  indexes: string[];
}

/** The tables a message passes, and the sockets it goes to. */
export function messageTables({ permissions, connections, subscriptions, chats, messages }: Tables): WatchedTable[] {
  return [
    { table: permissions, indexes: ['byChat'] },
    { table: connections, indexes: ['byUser'] },
    { table: subscriptions, indexes: ['byConnection'] },
    { table: chats, indexes: [] },
    { table: messages, indexes: ['bySequence'] },
  ];
}

/** All other tables. */
export function otherTables({ rateLimits, multiPart, deadLetters, redrives }: Tables): WatchedTable[] {
  return [
    { table: rateLimits, indexes: [] },
    { table: multiPart, indexes: ['openGroups'] },
    { table: deadLetters, indexes: ['waiting'] },
    { table: redrives, indexes: ['byTime'] },
  ];
}

/** The queues whose messages are worked on, by the names of operators. */
export function workingQueues({ standard, fifo, deliveryRetries, fanOut }: Messaging) {
  return { standard: standard.queue, fifo: fifo.queue, 'delivery-retry': deliveryRetries, 'fan-out': fanOut };
}

/** The queues that dead letters are recorded from, by the names of operators. */
export function deadLetterQueues(messaging: Messaging) {
  return {
    standard: messaging.standard.deadLetters,
    fifo: messaging.fifo.deadLetters,
    'delivery-retry': messaging.deliveryRetryDeadLetters,
    'fan-out': messaging.fanOutDeadLetters,
    'permission-stream': messaging.permissionStreamFailures,
  };
}

/** Workflows that start once a minute. */
export const scheduledWorkflows = [
  'multipart-expiry',
  'redrive-watch',
  'dead-letter-watch',
  'permission-stream-watch',
] as const;

/** Workflows that come again when they have failed. */
export const workflows = ['multipart-completion', ...scheduledWorkflows] as const;

/** It fails when the redrive it is for has. */
export const redriveWorkflow = 'dlq-redrive';

/** It answers operators by failing, as in `Conflict`. */
export const controlWorkflow = 'redrive-control';

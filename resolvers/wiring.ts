import { deadLetterQueues } from './rules/dead-letters.ts';

/** The data sources of the API: one for each table that resolvers read or write, and the workflow that starts and cancels redrives. */
export type DataSourceName =
  | 'Permissions'
  | 'Chats'
  | 'Messages'
  | 'Connections'
  | 'Subscriptions'
  | 'MultiPart'
  | 'DeadLetters'
  | 'Redrives'
  | 'RateLimits'
  | 'RedriveControl';

/** A pipeline function: the code in `steps/NAME.ts`, run on a data source. */
export interface Step {
  code: string;
  dataSource: DataSourceName;
}

/**
 * How a field is resolved: its own file alone on one data source (a unit resolver), or its own file around steps
 * (a pipeline resolver: the file's `request` runs before the steps, its `response` after them).
 */
export type FieldWiring = { dataSource: DataSourceName } | { steps: Step[] };

const on = (dataSource: DataSourceName, code: string): Step => ({ code, dataSource });

const readerThen = (dataSource: DataSourceName): FieldWiring => ({
  steps: [on('Permissions', 'requireChatReader'), on(dataSource, 'run')],
});
const adminThen = (dataSource: DataSourceName): FieldWiring => ({
  steps: [on('Permissions', 'requireChatAdmin'), on(dataSource, 'run')],
});

/**
 * Changes read, decide and write on condition that what they read still holds. Someone else's change may come between:
 * then they read again. Three tries fit a pipeline of at most ten functions. Before all that they are counted.
 */
const spendChanges = on('RateLimits', 'spendChanges');
const readAndWrite = [on('Permissions', 'readPermissions'), on('Permissions', 'writePermissions')];
const changeOfPermissions: FieldWiring = {
  steps: [spendChanges, ...readAndWrite, ...readAndWrite, ...readAndWrite],
};

/** How many letters wait in all queues, and then, queue by queue, which is the oldest. */
const letterCounts: FieldWiring = {
  steps: [on('DeadLetters', 'countLetters'), ...deadLetterQueues.map(() => on('DeadLetters', 'findOldestLetter'))],
};

/** Every field with a resolver. The build checks it against the schema and the files, both ways. */
export const wiring: Record<string, FieldWiring> = {
  'Query.permission': adminThen('Permissions'),
  'Query.permissionsByUser': { dataSource: 'Permissions' },
  'Query.permissionsByChat': adminThen('Permissions'),
  'Query.chat': readerThen('Chats'),
  'Query.message': readerThen('Messages'),
  'Query.messages': readerThen('Messages'),
  'Query.messagesBySequence': readerThen('Messages'),
  'Query.connectionsByChat': { dataSource: 'Subscriptions' },
  'Query.connectionsByUser': { dataSource: 'Connections' },
  'Query.multiPartGroup': readerThen('MultiPart'),
  'Query.deadLetterQueues': letterCounts,
  'Query.deadLetters': { steps: [on('DeadLetters', 'skipSettledLetters'), on('DeadLetters', 'run')] },
  'Query.redrive': { dataSource: 'Redrives' },
  'Query.redrives': { dataSource: 'Redrives' },
  'Mutation.createChat': { steps: [spendChanges, on('Permissions', 'writeChat')] },
  'Mutation.grantPermission': changeOfPermissions,
  'Mutation.grantPermissions': changeOfPermissions,
  'Mutation.revokePermission': changeOfPermissions,
  'Mutation.planRedrive': { dataSource: 'RedriveControl' },
  'Mutation.startRedrive': { dataSource: 'RedriveControl' },
  'Mutation.cancelRedrive': { dataSource: 'RedriveControl' },
};

import { join } from 'node:path';
import type { Backend } from '../edge/edge.ts';
import { folderOf } from '../lambda/from-template.ts';
import type { LogLine } from '../lambda/function.ts';
import { LogStore } from '../logs/log-store.ts';
import { logsBackend } from '../logs/logs-api.ts';
import type { PropertySupport, Stack } from '../template/stack.ts';

export const logGroupProperties: Readonly<Record<string, PropertySupport>> = {
  LogGroupName: 'implemented',
  RetentionInDays: { noEffect: 'local logs are kept until the data folder is emptied' },
  Tags: { noEffect: 'text for people' },
};

/** The stack's log groups: CloudWatch Logs as a backend of the edge, and the ways into it. */
export type Logs = { store: LogStore; backend: Backend; ofFunction: LogLine; stop(): Promise<void> };

/** Opens the log groups of the template, and those that Lambda would make for its functions. */
export function startLogs(stack: Stack, dataFolder: string): Logs {
  const groupsOfFunctions = new Map(
    stack.ofType('AWS::Lambda::Function').map((resource) => [folderOf(resource, stack), `/aws/lambda/${resource.ref}`]),
  );
  const named = stack.ofType('AWS::Logs::LogGroup').map(({ ref }) => ref);
  const store = new LogStore(join(dataFolder, 'logs'), [...new Set([...named, ...groupsOfFunctions.values()])]);
  const stream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]embedded`;
  return {
    store,
    backend: logsBackend(store),
    ofFunction: ({ function: name, line }) => store.write(groupsOfFunctions.get(name) ?? '', stream, line),
    stop: () => store.stop(),
  };
}

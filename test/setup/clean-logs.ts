import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { outsideCredentials } from '../../local/edge/credentials.ts';
import type { Outputs } from './outputs.ts';

/** Shorter texts are in log lines by chance. */
const shortest = 12;

/** Shorter names, such as `notification`, are words of the service's own, too. */
const shortestName = 14;

/** Enough of them to find a log line that tells contents, few enough to look for each in every line. */
const mostContents = 500;

/** Header and claims of a JSON Web Token, which begin with `{"` in base64url. */
const tokens = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/;

/** Ids are in contents, too, where they announce a group of parts, and belong into logs. */
const isId = (text: string): boolean => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(text);

/** What people said, as far as history has it: the texts in the contents of its messages, and the names they chose freely. */
export async function contentsInHistory({ edge, region }: Outputs): Promise<string[]> {
  if (!edge) return [];
  // What a test broke stays broken for everybody else.
  await fetch(`${edge.url}/_edge/faults`, { method: 'DELETE' });
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, endpoint: edge.url, credentials: outsideCredentials }),
  );
  try {
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    const TableName = TableNames.find((name) => name.includes('TablesMessages'));
    const contents = new Set<string>();
    for await (const { Items = [] } of paginateScan({ client }, { TableName })) {
      for (const row of Items) for (const text of [...textsIn(row), ...namesIn(row)]) contents.add(text);
      if (contents.size >= mostContents) break;
    }
    return [...contents].slice(0, mostContents);
  } finally {
    client.destroy();
  }
}

type Row = Record<string, unknown>;

function payloadOf({ payload }: Row): Row {
  return (typeof payload === 'string' ? JSON.parse(payload) : payload) as Row;
}

function textsIn(row: Row): string[] {
  const { content, eventType } = payloadOf(row);
  if (String(eventType).startsWith('multipart.')) return [];
  return leaves(content).filter((text) => text.length >= shortest && !isId(text));
}

/** Names of groups and of kinds of events are free text; a message without a group of its own is in its chat's. */
function namesIn(row: Row): string[] {
  const { multiPartMetadata, eventType } = payloadOf(row);
  const { groupId } = (multiPartMetadata ?? {}) as { groupId?: unknown };
  return [row['messageGroupId'], groupId, eventType]
    .filter((name) => typeof name === 'string')
    .filter((name) => name.length >= shortestName && name !== row['chatId'] && !isId(name))
    .filter((name) => !name.startsWith('multipart.'));
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/**
 * The promise that holds for every line of every test run: no token, no password and nothing that people said is in a log,
 * whether of a function, a workflow, a gateway or AppSync.
 *
 * @param dataFolder of an embedded cloud that has ended.
 * @throws Error that names the file and what is in it, the finding itself cut short.
 */
export function requireCleanLogs(dataFolder: string, { users, machine }: Outputs, contents: readonly string[]): void {
  const secrets = [...users.map(({ password }) => password), ...(machine ? [machine.clientSecret] : [])];
  for (const file of logFiles(dataFolder)) {
    const log = readFileSync(file, 'utf8');
    const [token] = tokens.exec(log) ?? [];
    const told = token ?? [...secrets, ...contents].find((text) => log.includes(JSON.stringify(text).slice(1, -1)));
    if (told !== undefined) throw new Error(`${file} tells what no log may: ${lineWith(told, log)}`);
  }
}

function logFiles(dataFolder: string): string[] {
  const logs = readdirSync(join(dataFolder, 'logs'), { recursive: true, withFileTypes: true });
  const groups = logs.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return [join(dataFolder, 'functions.log'), ...groups];
}

function lineWith(text: string, log: string): string {
  const at = log.indexOf(JSON.stringify(text).slice(1, -1));
  return `${log.slice(Math.max(0, log.lastIndexOf('\n', at) + 1), at).slice(-200)}${text.slice(0, 40)} ..`;
}

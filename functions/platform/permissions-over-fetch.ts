import { AwsClient } from 'aws4fetch';
import { environment } from './environment.ts';
import { pause } from './pause.ts';
import type { PermissionRow } from './rows.ts';

/** Thrown when DynamoDB does not answer in full: nothing is known about the permissions asked for. */
export class PermissionsUnread extends Error {
  override readonly name = 'PermissionsUnread';
}

/** A row as DynamoDB's JSON has it. */
type WireRow = Record<string, { S?: string; N?: string } | undefined>;
interface WireKeys {
  ConsistentRead: boolean;
  Keys: WireRow[];
}
interface Answer {
  Responses?: Record<string, WireRow[]>;
  UnprocessedKeys?: Record<string, WireKeys>;
}

const maxTries = 4;
const timeoutMs = 2_000;

/** DynamoDB says these with status 400, which aws4fetch does not try again. */
const passingErrors = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|InternalServerError/;

/**
 * Reads a user's permissions for some chats in one strongly consistent BatchGetItem, over a signed `fetch`: the SDK's
 * client would be most of the authorizer's bundle, and of its cold start.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 *
 * @param chatIds distinct, at most 100.
 * @returns the rows there are, in no order; expired ones included.
 * @throws PermissionsUnread when DynamoDB refuses, or keeps leaving keys unread.
 */
export async function readPermissions(userId: string, chatIds: readonly string[]): Promise<PermissionRow[]> {
  const table = environment.permissionsTable;
  const rows: PermissionRow[] = [];
  let keys: WireRow[] = chatIds.map((chatId) => ({ userId: { S: userId }, chatId: { S: chatId } }));
  for (let attempt = 0; keys.length > 0; attempt += 1) {
    if (attempt === maxTries) throw new PermissionsUnread(`${keys.length} permissions unread after ${maxTries} tries.`);
    if (attempt > 0) await pause(attempt - 1);
    const answer = await batchGet(table, keys);
    if (answer === 'try-again') continue;
    rows.push(...(answer.Responses?.[table] ?? []).map(toPermission));
    keys = answer.UnprocessedKeys?.[table]?.Keys ?? [];
  }
  return rows;
}

async function batchGet(table: string, keys: WireRow[]): Promise<Answer | 'try-again'> {
  const answer = await fetchSigned({ RequestItems: { [table]: { ConsistentRead: true, Keys: keys } } });
  if (answer === undefined || answer.status >= 500) return 'try-again';
  if (answer.ok) return (await answer.json()) as Answer;
  const { __type: type = '' } = (await answer.json()) as { __type?: string };
  if (passingErrors.test(type)) return 'try-again';
  throw new PermissionsUnread(`DynamoDB answered ${answer.status} ${type.split('#').at(-1)}.`);
}

/** One try, or nothing when the network failed. Credentials are read each time: Lambda replaces them in place. */
async function fetchSigned(body: object): Promise<Response | undefined> {
  const aws = new AwsClient({
    accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
    ...(process.env['AWS_SESSION_TOKEN'] && { sessionToken: process.env['AWS_SESSION_TOKEN'] }),
    service: 'dynamodb',
    region: environment.region,
    retries: 0,
    cache: signingKeys,
  });
  try {
    return await aws.fetch(`https://dynamodb.${environment.region}.amazonaws.com/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.BatchGetItem' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch {
    return undefined;
  }
}

const signingKeys = new Map<string, ArrayBuffer>();

function toPermission(row: WireRow): PermissionRow {
  const { userId, chatId, role, expiresAt } = row;
  return {
    userId: userId?.S ?? '',
    chatId: chatId?.S ?? '',
    role: (role?.S ?? 'viewer') as PermissionRow['role'],
    ...(expiresAt?.N !== undefined && { expiresAt: Number(expiresAt.N) }),
  };
}

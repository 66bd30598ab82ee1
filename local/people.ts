import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';

/** The chat the local people share. */
export const demoChat = 'chat-123';

/** Who exists locally: their Cognito groups, and their role in `chat-123` if they have one. */
export const localPeople = [
  { username: 'ada', groups: ['admins'], role: undefined },
  { username: 'olga', groups: ['operators'], role: undefined },
  { username: 'bob', groups: [], role: 'member' },
  { username: 'carol', groups: [], role: 'member' },
  { username: 'vera', groups: [], role: 'viewer' },
  { username: 'mallory', groups: [], role: undefined },
] as const;

/** Local passwords are no secret: they open nothing but this laptop. */
export function localPassword(username: string): string {
  return `${username[0]?.toUpperCase() ?? ''}${username.slice(1)}-local-2026!`;
}

/** Gives the local people their roles in `chat-123`, where they do not have one yet. */
export async function seedPermissions(
  tables: DynamoDBDocumentClient,
  permissionsTable: string,
  userIds: Map<string, string>,
): Promise<void> {
  const grants = localPeople.flatMap(({ username, role }) => {
    const userId = userIds.get(username);
    return role && userId ? [{ userId, role }] : [];
  });
  await Promise.all(grants.map((grant) => putPermission(tables, permissionsTable, grant)));
}

async function putPermission(
  tables: DynamoDBDocumentClient,
  permissionsTable: string,
  grant: { userId: string; role: string },
): Promise<void> {
  try {
    await tables.send(
      new PutCommand({
        TableName: permissionsTable,
        Item: { ...grant, chatId: demoChat, grantedBy: 'local-setup', grantedAt: new Date().toISOString() },
        ConditionExpression: 'attribute_not_exists(userId)',
      }),
    );
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
  }
}

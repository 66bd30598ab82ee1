import type { Stage } from '../../setup/stage.ts';
import { Api } from '../graphql/api.ts';

/** Every query and mutation once. */
export async function administer(stage: Stage): Promise<void> {
  const api = new Api(stage.cloud.outputs);
  const chatId = 'privilege-administered';
  const [bob, carol] = [api.userId('bob'), api.userId('carol')];
  await api.data('bob', 'mutation($chatId: ID!) { createChat(chatId: $chatId) { chatId } }', { chatId });
  const grant = (userId: string): object => ({ userId, chatId, role: 'member' });
  await api.data('bob', 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { chatId } }', {
    input: grant(carol),
  });
  await api.data(
    'bob',
    'mutation($inputs: [GrantPermissionInput!]!) { grantPermissions(inputs: $inputs) { chatId } }',
    { inputs: [grant(carol), grant(api.userId('vera'))] },
  );
  await api.data(
    'bob',
    'mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { chatId } }',
    { userId: carol, chatId },
  );
  const messageId = stage.newMessageId();
  const asReader = [
    'chat(chatId: $chatId) { headSequence }',
    'message(chatId: $chatId, messageId: $messageId) { messageId }',
    'messages(chatId: $chatId) { items { messageId } }',
    'messagesBySequence(chatId: $chatId, from: 1) { items { messageId } }',
    'permission(userId: $userId, chatId: $chatId) { role }',
    'permissionsByUser(userId: $userId) { items { chatId } }',
    'permissionsByChat(chatId: $chatId) { items { userId } }',
    'multiPartGroup(chatId: $chatId, groupId: $chatId) { status }',
  ];
  const asAdministrator = [
    'connectionsByChat(chatId: $chatId) { items { userId } }',
    'connectionsByUser(userId: $userId) { items { connectionId } }',
  ];
  const asOperator = [
    'deadLetterQueues { waiting }',
    'deadLetters(queue: "fifo") { items { arrival } }',
    'deadLetters(queue: "fifo", status: redriven) { items { arrival } }',
    'redrive(redriveId: $messageId) { status }',
    'redrives { items { status } }',
  ];
  const values: Record<string, string> = { chatId, messageId, userId: bob };
  for (const [who, fields] of [
    ['bob', asReader],
    ['ada', asAdministrator],
    ['olga', asOperator],
  ] as const) {
    for (const field of fields) {
      const names = Object.keys(values).filter((name) => field.includes(`$${name}`));
      const declared = names.map((name) => `$${name}: ID!`).join(', ');
      await api.data(
        who,
        declared === '' ? `{ ${field} }` : `query(${declared}) { ${field} }`,
        Object.fromEntries(names.map((name) => [name, values[name]])),
      );
    }
  }
}

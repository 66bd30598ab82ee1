import { signIn } from '../../setup/sign-in.ts';
import type { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { Api } from '../graphql/api.ts';

/** Permissions over HTTP, by a chat's own admin, and what becomes of the live subscriptions that rest on them. */
export async function governAChat(stage: Stage): Promise<void> {
  const api = new Api(stage.cloud.outputs);
  const chatId = 'privilege-governed';
  const carol = { userId: api.userId('carol'), chatId };
  const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
  const ask = async (method: string, query: Record<string, string>, body?: object): Promise<void> => {
    const url = new URL(`permissions?${new URLSearchParams(query).toString()}`, `${stage.cloud.outputs.httpUrl}/`);
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} /permissions answered ${response.status} ${await response.text()}`);
  };
  const grant = (more: object = {}): Promise<void> => ask('POST', {}, { targetUserId: carol.userId, chatId, ...more });

  await api.createChat('bob', chatId);
  await grant();
  await ask('GET', { userId: api.userId('bob') });
  const socket = await stage.open('carol', chatId);
  const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 600_000);
  await grant({ expiresAt: expiresAt.toISOString() });
  await until('the subscription to end with the permission', async () => {
    const [row] = await stage.outside.rows('Subscriptions', carol);
    return row?.['accessExpiresAt'] === expiresAt.getTime() / 1000;
  });
  await ask('DELETE', carol);
  await socket.next(({ type }) => type === 'subscription.revoked');
  await until('its row to go', async () => (await stage.outside.rows('Subscriptions', carol)).length === 0);
  await socket.close();

  // A change that cannot be followed ends where it can be found.
  const failure = { error: 'AccessDeniedException', statusCode: 400 };
  await stage.edge.break({ service: 'dynamodb', action: 'Query', role: 'permission-stream', fault: failure });
  await grant();
  await ask('DELETE', carol);
  await until('the change among the failures', async () =>
    (await stage.edge.calls()).some(({ role, action }) => role === 'permission-stream' && action === 'SendMessage'),
  );
  await stage.edge.mend();
}

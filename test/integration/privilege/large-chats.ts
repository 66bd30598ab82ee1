import type { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { breakDelivery } from './exercise.ts';

/** A chat with more subscribers than one function serves: most are gone by now, a slot cannot be read at first, and a post fails, in the end for good. */
export async function serveALargeChat(stage: Stage): Promise<void> {
  const chatId = 'privilege-large';
  const bob = await stage.listen('bob', chatId);
  const tables = await Tables.of(stage.cloud.outputs);
  const gone = Array.from({ length: 60 }, (_, index) => ({
    chatId,
    subscriber: `${index.toString(16).padStart(2, '0')}#gone#connection-${index}`,
    connectionId: `connection-${index}`,
    userId: 'gone',
    frames: 'single',
    connectedAt: '2026-01-01T00:00:00.000Z',
    accessExpiresAt: Math.floor(Date.now() / 1000) + 600,
    expiresAt: Math.floor(Date.now() / 1000) + 600,
  }));
  await tables.fill('Subscriptions', gone);
  tables.close();
  const [connectionId = ''] = (await stage.outside.connectionsOf('bob')).slice(-1);
  const refused = { error: 'AccessDeniedException', statusCode: 400 };
  const failed = { error: 'InternalServerError', statusCode: 500 };
  await stage.edge.break({
    service: 'execute-api',
    role: 'fan-out',
    resource: `arn:*/POST/@connections/${connectionId}`,
    times: 1,
    fault: failed,
  });
  await stage.edge.break({ service: 'dynamodb', action: 'Query', role: 'fan-out', times: 3, fault: refused });
  await stage.publish('Fifo', chatId, ['to many']);
  await bob.next(({ content }) => content === 'to many');
  await stage.edge.mend();
  await until('rows to go', async () => {
    const rows = await stage.outside.rows('Subscriptions', { chatId });
    return rows.every(({ userId }) => userId !== 'gone');
  });
  await breakDelivery(stage, 'fan-out');
  await stage.publish('Fifo', chatId, ['past a queue that fails']);
  await bob.closed();
  await stage.edge.mend();
}

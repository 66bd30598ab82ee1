import { ConnectionRefused } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import { contentsOf, Stage } from '../setup/stage.ts';

const refused = { error: 'AccessDeniedException', statusCode: 400 };

describe('rows of a connection', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start();
  });

  afterEach(() => stage.edge.mend());
  afterAll(() => stage.close());

  function subscriptionsTo(chatId: string): Promise<string[]> {
    return stage.outside
      .rows('Subscriptions', { chatId })
      .then((rows) => rows.map((row) => String(row['connectionId'])));
  }

  test('that $disconnect left behind go on the first 410; the others have the message once', async () => {
    const chat = 'left-behind';
    const bob = await stage.listen('bob', chat);
    const carol = await stage.listen('carol', chat);
    const [gone = ''] = await stage.outside.connectionsOf('carol');
    await stage.grownUp();
    await stage.edge.break({ service: 'dynamodb', role: 'connection', fault: refused });
    await carol.close();
    await until('the failed $disconnect', async () => (await stage.edge.faults()).some(({ struck }) => struck > 0));
    await stage.edge.mend();
    expect(await subscriptionsTo(chat)).toContain(gone);

    await stage.edge.resetCalls();
    await stage.publish('Fifo', chat, ['first']);
    await until('the rows to go', async () => !(await subscriptionsTo(chat)).includes(gone));
    expect(await stage.outside.rows('Connections', { connectionId: gone })).toEqual([]);
    await stage.publish('Fifo', chat, ['second']);
    await bob.collect(({ chatId }) => chatId === chat, 2);
    expect(contentsOf(bob.messages(chat))).toEqual(['first', 'second']);
    // Two messages to bob, and the one that found out about carol; nothing was tried again.
    expect(await stage.edge.count('message-processor', 'PostToConnection')).toBe(3);
    expect(await stage.edge.count('message-processor', 'SendMessageBatch')).toBe(0);
  });

  test('that is only about to open stay, and it gets its message through the retry queue', async () => {
    const chat = 'about-to-open';
    await stage.edge.break({
      service: 'dynamodb',
      action: 'BatchGetItem',
      role: 'connection',
      times: 1,
      fault: { delayMs: 1_500 },
    });
    const opening = stage.listen('bob', chat);
    await until('rows of the opening connection', async () => (await subscriptionsTo(chat)).length === 1);
    await stage.edge.resetCalls();
    await stage.publish('Fifo', chat, ['early bird']);
    const bob = await opening;
    await bob.next(({ chatId }) => chatId === chat);
    expect(contentsOf(bob.messages(chat))).toEqual(['early bird']);
    expect(await subscriptionsTo(chat)).toHaveLength(1);
    expect(await stage.edge.count('message-processor', 'SendMessageBatch')).toBe(1);
    expect(await stage.edge.count('message-processor', 'BatchWriteItem')).toBe(0);
  });

  const failures = [
    { what: 'cannot be written', rule: { action: 'TransactWriteItems', fault: refused }, times: 1 },
    { what: 'are written without our hearing so', rule: { action: 'TransactWriteItems', fault: dropped() }, times: 3 },
    {
      what: 'are written, and the permissions cannot be read',
      rule: { action: 'BatchGetItem', fault: refused },
      times: 1,
    },
    {
      what: 'are written, and cannot be held to the permission’s end',
      rule: { action: 'UpdateItem', fault: refused },
      times: 1,
    },
  ];
  test.each(failures)(
    'that $what leave nothing behind when the connection is refused',
    async ({ what, rule, times }) => {
      const chat = `refused-${failures.findIndex((failure) => failure.what === what)}`;
      // A permission that ends before the token does makes $connect change the row it wrote.
      await stage.outside.grant(chat, ['vera'], { expiresAt: Math.floor(Date.now() / 1000) + 600 });
      await stage.edge.break({ service: 'dynamodb', role: 'connection', times, ...rule });
      await expect(stage.open('vera', chat)).rejects.toThrow(new ConnectionRefused(500));
      expect(await stage.edge.faults()).toMatchObject([{ struck: times }]);
      expect(await stage.outside.connectionsOf('vera')).toEqual([]);
      expect(await subscriptionsTo(chat)).toEqual([]);
    },
  );

  test('that a crash leaves behind belong to a connection that never opened, and go on its first 410', async () => {
    const chat = 'crashed';
    await stage.outside.grant(chat, ['vera']);
    const crash = { service: 'dynamodb', role: 'connection', action: 'TransactWriteItems', times: 1 };
    await stage.edge.break({ ...crash, fault: { crash: 'after' } });
    await expect(stage.open('vera', chat)).rejects.toThrow(new ConnectionRefused(500));
    expect(await subscriptionsTo(chat)).toHaveLength(1);
    await stage.grownUp();
    await stage.publish('Fifo', chat, ['to nobody']);
    await until('the rows to go', async () => (await subscriptionsTo(chat)).length === 0);
    expect(await stage.outside.connectionsOf('vera')).toEqual([]);
  });
});

function dropped(): { dropReply: true } {
  return { dropReply: true };
}

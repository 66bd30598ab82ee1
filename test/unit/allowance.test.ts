import './support/quiet.ts';
import { TooManyRequests } from '../../functions/domain/protocol/errors.ts';
import { allowancePerWindow } from '../../functions/domain/allowance.ts';
import { spendChange } from '../../functions/domain/granting/allowance.ts';
import { spendAllowance } from '../../functions/domain/publishing/allowance.ts';
import { spendSubscriptions } from '../../functions/domain/subscribing/allowance.ts';
import { Aws } from './support/aws.ts';
import { table } from './support/tables.ts';

describe('allowances', () => {
  let aws: Aws;

  beforeAll(async () => {
    Object.assign(process.env, {
      ...{ USER_BURST: '3', CHAT_BURST: '4', SUBSCRIPTION_BURST: '10', PERMISSION_BURST: '3' },
      ...{ LARGE_CHAT_USER_BURST: '1', LARGE_CHAT_BURST: '2' },
    });
    aws = await Aws.start();
  });
  afterAll(() => aws.stop());
  beforeEach(() => aws.reset());

  const start = 1_800_000_000_000;

  async function spend(userId: string, chatId: string, now: number, large = false): Promise<number | 'spent'> {
    try {
      await spendAllowance(userId, { chatId, large }, now);
      return 'spent';
    } catch (error) {
      if (error instanceof TooManyRequests) return Number(error.extra['retryAfterMs']);
      throw error;
    }
  }

  test('a user may send so many messages in a window, and learns when the next one starts', async () => {
    for (const chatId of ['a', 'b', 'c']) expect(await spend('ada', chatId, start + 1)).toBe('spent');
    expect(await spend('ada', 'd', start + 2_500)).toBe(7_500);
    expect(await spend('ada', 'd', start + 10_000)).toBe('spent');
  });

  test('a chat may receive so many messages in a window, whoever sends them', async () => {
    for (const userId of ['u', 'v', 'w', 't']) expect(await spend(userId, 'busy', start)).toBe('spent');
    expect(await spend('x', 'busy', start + 9_999)).toBe(1);
    expect(await spend('x', 'quiet', start + 9_999)).toBe('spent');
  });

  test('one member cannot use up what a chat may receive', async () => {
    for (let sent = 0; sent < 10; sent += 1) await spend('greedy', 'shared', start);
    expect(await spend('modest', 'shared', start)).toBe('spent');
  });

  test('a large chat receives fewer, and a user may send fewer to all large chats together', async () => {
    expect(await spend('ann', 'hall-1', start, true)).toBe('spent');
    expect(await spend('ann', 'hall-1', start, true)).toBe(10_000);
    expect(await spend('ann', 'hall-2', start, true)).toBe(10_000);
    expect(await spend('ann', 'room', start)).toBe('spent');
    expect(await spend('ben', 'hall-1', start, true)).toBe('spent');
    expect(await spend('cem', 'hall-1', start, true)).toBe(10_000);
    expect(await spend('cem', 'hall-2', start + 10_000, true)).toBe('spent');
  });

  test('what is refused for a large chat is taken from nobody', async () => {
    await spend('dan', 'hall-3', start, true);
    await spend('dan', 'hall-4', start, true);
    expect(await table('RATE_LIMITS_TABLE').of('chat#hall-4')).toMatchObject([{ count: 0 }]);
    expect(await table('RATE_LIMITS_TABLE').of('user#dan')).toMatchObject([{ count: 1 }]);
    expect(await table('RATE_LIMITS_TABLE').of('large#dan')).toMatchObject([{ count: 1 }]);
  });

  test('a user may change so many permissions in a window', async () => {
    for (let change = 0; change < 3; change += 1) await spendChange('ada', start);
    await expect(spendChange('ada', start)).rejects.toThrow(TooManyRequests);
    await spendChange('bob', start);
    await spendChange('ada', start + 10_000);
  });

  test('what is refused for one allowance is not taken from the other', async () => {
    for (let sent = 0; sent < 3; sent += 1) await spend('eager', 'mine', start);
    expect(await spend('eager', 'theirs', start)).toBe(10_000);
    expect(await table('RATE_LIMITS_TABLE').of('chat#theirs')).toMatchObject([{ count: 0 }]);
    expect(await spend('other', 'mine', start)).toBe('spent');
    expect(await spend('guest', 'mine', start)).toBe(10_000);
    expect(await table('RATE_LIMITS_TABLE').of('user#guest')).toMatchObject([{ count: 0 }]);
  });

  test('a flood costs nothing once it is refused, until the window is over', async () => {
    for (let sent = 0; sent < 4; sent += 1) await spend('flood', 'flooded', start);
    aws.reset();
    for (let sent = 0; sent < 50; sent += 1) expect(await spend('flood', `elsewhere-${sent}`, start)).toBe(10_000);
    expect(aws.actions).toEqual([]);
    expect(await spend('flood', 'flooded', start + 10_000)).toBe('spent');
  });

  test('an allowance that cannot be given back changes no answer', async () => {
    for (let sent = 0; sent < 3; sent += 1) await spend('hasty', 'full', start);
    aws.fail('UpdateItem', { error: 'ValidationException' }, { applies: isGivingBack });
    expect(await spend('hasty', 'other', start)).toBe(10_000);
  });

  function isGivingBack(input: Record<string, unknown>): boolean {
    return JSON.stringify(input).includes('{"N":"-1"}');
  }

  test('senders at the same time do not get more between them', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_try, index) => spend(`user-${index}`, 'race', start)),
    );
    expect(outcomes.filter((outcome) => outcome === 'spent')).toHaveLength(4);
  });

  test('two writes a message, whose counters DynamoDB may delete later', async () => {
    await spend('bob', 'chat-1', start + 3_000);
    expect(aws.actions).toEqual(['UpdateItem', 'UpdateItem']);
    expect(await table('RATE_LIMITS_TABLE').of('user#bob')).toEqual([
      { subject: 'user#bob', window: start / 1000, count: 1, expiresAt: start / 1000 + 3_600 },
    ]);
  });

  test('subscriptions count by the number, whole or not at all, and those of none cost nothing', async () => {
    await spendSubscriptions('ada', 6, start);
    await spendSubscriptions('ada', 0, start);
    await expect(spendSubscriptions('ada', 5, start)).rejects.toThrow(TooManyRequests);
    await expect(spendSubscriptions('bob', 11, start)).rejects.toThrow(TooManyRequests);
    expect(await table('RATE_LIMITS_TABLE').of('subscriptions#ada')).toMatchObject([{ count: 6 }]);
    await spendSubscriptions('eve', 6, start);
    await spendSubscriptions('eve', 4, start);
    expect(await table('RATE_LIMITS_TABLE').of('subscriptions#eve')).toMatchObject([{ count: 10 }]);
  });

  test('never over the burst, and no faster than the rate in the long run', () => {
    expect(allowancePerWindow(50, 500)).toBe(500);
    expect(allowancePerWindow(50, 20)).toBe(20);
    expect(allowancePerWindow(1, 500)).toBe(10);
  });
});

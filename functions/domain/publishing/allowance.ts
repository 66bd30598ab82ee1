import { environment } from '../../platform/environment.ts';
import { spend } from '../allowance.ts';

/**
 * Takes one message from the sender's and from the chat's allowance, both at once, or from neither: a user who is over
 * theirs must not use up that of a chat, nor a busy chat that of its members. The chat's is several times a user's.
 * Called only for those who may send, so that a stranger cannot spend a chat's allowance.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when either is used up.
 */
export async function spendAllowance(userId: string, chatId: string, now: number): Promise<void> {
  const { userRatePerSecond, userBurst, chatRatePerSecond, chatBurst } = environment;
  await spend(
    [
      { subject: `user#${userId}`, amount: 1, perSecond: userRatePerSecond, burst: userBurst },
      { subject: `chat#${chatId}`, amount: 1, perSecond: chatRatePerSecond, burst: chatBurst },
    ],
    now,
  );
}

import { environment } from '../../platform/environment.ts';
import { spend, type Spending } from '../allowance.ts';

/** Where a message goes. A chat is large once its subscribers are more than one function serves. */
export interface Destination {
  chatId: string;
  large: boolean;
}

/**
 * Takes one message from the sender's and from the chat's allowance, both at once, or from neither: a user who is over
 * theirs must not use up that of a chat, nor a busy chat that of its members. The chat's is several times a user's.
 * Called only for those who may send, so that a stranger cannot spend a chat's allowance.
 *
 * A message is posted once for each subscriber, and those posts are what all chats share. So a large chat has a smaller allowance,
 * and a user a smaller one over all large chats, again so that no one member can use up a chat's.
 *
 * @param now epoch milliseconds.
 * @throws TooManyRequests when one of them is used up.
 */
export async function spendAllowance(userId: string, { chatId, large }: Destination, now: number): Promise<void> {
  const { userRatePerSecond, userBurst, chatRatePerSecond, chatBurst } = environment;
  const user = { subject: `user#${userId}`, amount: 1, perSecond: userRatePerSecond, burst: userBurst };
  const chat = { subject: `chat#${chatId}`, amount: 1, perSecond: chatRatePerSecond, burst: chatBurst };
  await spend([user, ...(large ? ofLargeChats(userId, chat) : [chat])], now);
}

function ofLargeChats(userId: string, chat: Spending): Spending[] {
  const { largeChatUserRatePerSecond, largeChatUserBurst, largeChatRatePerSecond, largeChatBurst } = environment;
  return [
    { subject: `large#${userId}`, amount: 1, perSecond: largeChatUserRatePerSecond, burst: largeChatUserBurst },
    { ...chat, perSecond: largeChatRatePerSecond, burst: largeChatBurst },
  ];
}

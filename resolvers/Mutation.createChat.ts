import { type Context, util } from '@aws-appsync/utils';
import { callerOf } from './caller.ts';
import type { Chat, MutationCreateChatArgs } from './generated/schema.ts';
import { idOf } from './inputs.ts';
import { refuse } from './refusals.ts';
import { looksLikeUserId } from './rules/ids.ts';

/** What the steps share: the chat as it is to be. */
export function request(ctx: Context<MutationCreateChatArgs>): null {
  const given = ctx.args.chatId;
  const chatId = given === null || given === undefined ? util.autoUlid() : idOf('chatId', given);
  if (chatId === given && looksLikeUserId(chatId)) {
    refuse(
      'InvalidInput',
      "Invalid chatId: it has the shape of a user id, and the chat of that name is that user's own",
    );
  }
  ctx.stash.changeCount = 1;
  ctx.stash.chatId = chatId;
  ctx.stash.createdBy = callerOf(ctx).userId;
  ctx.stash.createdAt = util.time.nowISO8601();
  return null;
}

export function response(ctx: Context): Chat {
  const { chatId, createdBy, createdAt } = ctx.stash as Pick<Chat, 'chatId' | 'createdBy' | 'createdAt'>;
  return { chatId, headSequence: 0, createdBy, createdAt };
}

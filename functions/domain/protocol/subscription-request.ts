import * as v from 'valibot';
import { limits } from './limits.ts';
import { invalid, missingField } from './parse.ts';

const message = invalid('chatIds', `an array of 1-${limits.chatsPerRequest} chat ids`);

/** What `subscribe` and `unsubscribe` ask for. A chat named twice counts once. */
export const SubscriptionRequest = v.object(
  {
    chatIds: v.pipe(
      v.array(v.string(message), message),
      v.minLength(1, message),
      v.maxLength(limits.chatsPerRequest, message),
      v.description('The chats to listen to, or no longer to.'),
    ),
  },
  missingField,
);

import type * as real from '../../../functions/platform/sockets.ts';

export const postsInFlight: typeof real.postsInFlight = 64;

export const post: typeof real.post = (connectionId, { text }) => world.aws.post(connectionId, text);

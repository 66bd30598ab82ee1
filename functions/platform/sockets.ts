import { dynamodb } from './dynamodb.ts';
import { environment } from './environment.ts';
import { type ErrorSummary, errorSummary, logger } from './logger.ts';
import { type Credentials, type Frame, type PostAnswer, SignedPosts } from './signed-posts.ts';

/**
 * What became of a post. `gone`: API Gateway knows no such connection (it also says so before `$connect` has
 * returned). `throttled`: too fast, or the client's buffer is full. `too-large`: no retry can help. `failed`: unknown.
 */
export type PostOutcome = 'delivered' | 'gone' | 'throttled' | 'too-large' | 'failed';

/** A slow connection must not hold up the others, so a post that takes longer counts as failed and is retried alone. */
const postTimeoutMs = 1_000;

/** How many posts a function keeps in the air at once. */
export const postsInFlight = 64;

const outcomeOfStatus: Record<number, PostOutcome> = {
  200: 'delivered',
  410: 'gone',
  413: 'too-large',
  429: 'throttled',
};

let posts: SignedPosts | undefined;

/**
 * Posts one frame to one connection, once: when and whether to try again is decided by delivery. Never throws.
 *
 * @param messageIds of the messages in the frame, which the log names when a post fails.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 */
export async function post(
  connectionId: string,
  frame: Frame,
  messageIds: () => string[] = () => [],
): Promise<PostOutcome> {
  try {
    posts ??= new SignedPosts(environment.websocketEndpoint, environment.region, {
      timeoutMs: postTimeoutMs,
      maxSockets: postsInFlight,
    });
    if (held === undefined || performance.now() >= held.until) held = await askForCredentials();
    const answer = await posts.post(`/@connections/${encodeURIComponent(connectionId)}`, frame, held.credentials);
    return outcomeOfStatus[answer.status] ?? failed({ connectionId, messageIds: messageIds(), cause: causeOf(answer) });
  } catch (error) {
    return failed({ connectionId, messageIds: messageIds(), cause: errorSummary(error) });
  }
}

let held: { credentials: Credentials; until: number } | undefined;

/** The function's own, as the SDK finds and refreshes them for every client alike, minutes before they end. */
async function askForCredentials(): Promise<NonNullable<typeof held>> {
  return { credentials: await dynamodb.config.credentials(), until: performance.now() + 1_000 };
}

function failed(about: { connectionId: string; messageIds: string[]; cause: ErrorSummary }): 'failed' {
  logger.warn('A post failed', about);
  return 'failed';
}

function causeOf({ status, errorType, requestId }: PostAnswer): ErrorSummary {
  return { name: errorType ?? 'UnknownError', statusCode: status, ...(requestId !== undefined && { requestId }) };
}

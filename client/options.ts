import type { BackoffBounds } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import type { SocketConstructor } from './session.ts';
import type { TokenProvider } from './token.ts';

/** What `createClient` takes. Only `url` and `token` are required. */
export interface ClientOptions {
  /** `wss://HOST/STAGE`, without a query. */
  url: string;
  /** Gives the user's JWT (Cognito access or id token); see TokenProvider. */
  token: TokenProvider;
  /** `batch` (default) lets the service put several messages into one frame, which costs less; `single` does not. */
  frames?: 'batch' | 'single';
  /** A WebSocket implementation, such as that of `ws`. Default: the platform's own (browsers, Node >= 22). */
  WebSocket?: SocketConstructor;
  /**
   * Tells why the socket does not open where WebSocket cannot: asks the service's HTTP API something with this token and
   * gives the HTTP status (rejects when it is not reachable). Without it, a browser's refusals are `unknown`.
   */
  probe?: (token: string) => Promise<number>;
  /** Default 10,000. */
  connectTimeoutMs?: number;
  /** How long one attempt waits for its reply. Default 10,000. */
  replyTimeoutMs?: number;
  /** How long a send tries, over reconnects, before it rejects. Default 30,000. */
  sendDeadlineMs?: number;
  /** Between pings; at most 9 minutes, since API Gateway closes a socket that is idle for 10. Default 60,000. */
  heartbeatMs?: number;
  /** Without a pong in this time the socket is dead. Default 10,000. */
  pongTimeoutMs?: number;
  /** A socket is replaced after this time, less up to a tenth at random; API Gateway ends it at 2 h. Default 110 minutes. */
  rotateAfterMs?: number;
  /** The token is renewed this long before it ends. Default 120,000. */
  renewBeforeMs?: number;
  /** Bounds of the full-jitter back-off of every retry. Default 1,000 to 30,000. */
  backoff?: BackoffBounds;
  /** A gap may close by itself while frames overtake each other; this is how long it may. Default 250. */
  gapDelayMs?: number;
  /** Resuming by message id goes back this much further, for messages that were committed late. Default 60,000. */
  overlapMs?: number;
  /** Most early messages held per chat while one is missing. Default 1,000. */
  heldMessages?: number;
  /** Most ids of unsequenced messages remembered per chat. Default 1,000. */
  rememberedIds?: number;
  clock?: Clock;
  /** Numbers in [0, 1), for jitter and message ids. Default: from `crypto`. */
  random?: () => number;
}

/** The options with their defaults in. */
export type Settings = Required<Omit<ClientOptions, 'probe'>> & Pick<ClientOptions, 'probe'>;

const MAX_HEARTBEAT_MS = 9 * 60_000;

export function settingsFrom(options: ClientOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = {
    frames: 'batch',
    // Read only when nothing else is given: not every platform has one.
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    connectTimeoutMs: 10_000,
    replyTimeoutMs: 10_000,
    sendDeadlineMs: 30_000,
    heartbeatMs: 60_000,
    pongTimeoutMs: 10_000,
    rotateAfterMs: 110 * 60_000,
    renewBeforeMs: 120_000,
    backoff: { baseMs: 1_000, capMs: 30_000 },
    gapDelayMs: 250,
    overlapMs: 60_000,
    heldMessages: 1_000,
    rememberedIds: 1_000,
    clock: systemClock,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    ...given,
  } as Settings;
  return { ...settings, heartbeatMs: Math.min(settings.heartbeatMs, MAX_HEARTBEAT_MS) };
}

import { after } from './clock.ts';
import type { Settings } from './options.ts';
import type { Session } from './session.ts';
import { askToken, tokenExpiry } from './token.ts';

/** Shortest time between two tries to renew. */
const RETRY_MS = 5_000;

export interface TokenKeeperHost {
  /** Epoch milliseconds by the service's clock, which is the one the token is judged by. */
  serverTime(): number;
  onError(error: unknown): void;
}

/** Renews a socket's token in band (`authenticate`) before it ends: a token lives an hour, a socket two. */
export class TokenKeeper {
  readonly #settings: Settings;
  readonly #session: Session;
  readonly #host: TokenKeeperHost;
  #token: string;
  #cancel = (): void => {};
  #renewing: Promise<void> | undefined;

  /** `token`: the one the session was opened with. */
  constructor(settings: Settings, session: Session, token: string, host: TokenKeeperHost) {
    this.#settings = settings;
    this.#session = session;
    this.#token = token;
    this.#host = host;
    session.signal.addEventListener('abort', () => this.#cancel());
  }

  /** Plans the next renewal: `renewBeforeMs` before the end, or halfway for a token too short for that. */
  schedule(): void {
    const { clock, renewBeforeMs } = this.#settings;
    this.#cancel();
    const left = tokenExpiry(this.#token) - this.#host.serverTime();
    if (left === Infinity || !this.#session.isOpen) return;
    const delay = Math.max(RETRY_MS, left - Math.min(renewBeforeMs, left / 2));
    this.#cancel = after(clock, delay, () => void this.renew().catch(this.#host.onError));
  }

  /** Renews now. Rejects when the provider or the service refuses; the next try is planned in either case. */
  renew(): Promise<void> {
    return (this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
      this.schedule();
    }));
  }

  async #renew(): Promise<void> {
    const session = this.#session;
    const token = await askToken(this.#settings.token, 'renew', session.signal);
    if (token === this.#token) return;
    await session.request({ action: 'authenticate', token }, this.#settings.replyTimeoutMs);
    this.#token = token;
  }
}

import { type Clock, after } from './clock.ts';
import { NotificationError, ServiceError } from './errors.ts';
import type { Frame } from './protocol.ts';

interface Pending {
  resolve(frame: Frame): void;
  reject(error: NotificationError): void;
}

/** Requests over one socket: each carries an `ackId` of its own, and the reply that echoes it settles it. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #settled = new Set<() => void>();
  readonly #send: (text: string) => void;
  readonly #clock: Clock;
  readonly #nextAckId: () => string;

  constructor(send: (text: string) => void, clock: Clock, nextAckId: () => string) {
    this.#send = send;
    this.#clock = clock;
    this.#nextAckId = nextAckId;
  }

  /**
   * Sends a frame (an object, or one already written as JSON without `ackId`) and waits for its reply.
   * Rejects with a ServiceError for an error reply, `timeout` after `timeoutMs`, `connection-lost` when the socket ends first.
   */
  request<Reply>(frame: object | string, timeoutMs: number): Promise<Reply> {
    const ackId = this.#nextAckId();
    return new Promise((resolve, reject) => {
      const cancel = after(this.#clock, timeoutMs, () =>
        pending.reject(new NotificationError('timeout', `No reply within ${timeoutMs} ms`)),
      );
      const end = (): void => {
        cancel();
        this.#pending.delete(ackId);
        if (this.#pending.size === 0) for (const settled of this.#settled) settled();
      };
      const pending: Pending = {
        resolve: (reply) => (end(), resolve(reply as Reply)),
        reject: (error) => (end(), reject(error)),
      };
      this.#pending.set(ackId, pending);
      try {
        this.#send(withAckId(frame, ackId));
      } catch (cause) {
        pending.reject(new NotificationError('connection-lost', 'The socket does not take frames', cause));
      }
    });
  }

  /** Settles the request a frame answers. False when no request of ours waits for it. */
  settle(frame: Frame): boolean {
    const pending = this.#pending.get(frame.ackId ?? '');
    if (frame.type === 'error') pending?.reject(new ServiceError(frame));
    else pending?.resolve(frame);
    return pending !== undefined;
  }

  /** Resolves when no request is waiting. */
  async idle(): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#settled.add(resolve));
  }

  failAll(error: NotificationError): void {
    for (const pending of [...this.#pending.values()]) pending.reject(error);
  }
}

/** The frame as text, with `ackId` put in front; a frame given as text keeps its bytes, so that a retry is the same message. */
function withAckId(frame: object | string, ackId: string): string {
  const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
  return `{"ackId":"${ackId}",${text.slice(1)}`;
}

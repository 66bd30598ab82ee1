import { abortable } from './clock.ts';
import { ConnectionRefusedError } from './errors.ts';
import type { ClientOptions } from './options.ts';

/**
 * Finds out why a socket did not open: the status, where the WebSocket implementation tells it (`ws` does; browsers and
 * Node's own do not), else the probe. `error`: what the session rejected with. Rejects when the signal aborts.
 */
export async function explainRefusal(
  token: string,
  error: unknown,
  probe: ClientOptions['probe'],
  signal: AbortSignal,
): Promise<ConnectionRefusedError> {
  const { cause } = error as { cause?: { message?: unknown } };
  let status = Number(/response: (\d{3})/.exec(String(cause?.message))?.[1]);
  if (!status && probe) {
    try {
      status = await abortable(probe(token), signal);
    } catch (failure) {
      signal.throwIfAborted();
      return new ConnectionRefusedError('unreachable', undefined, failure);
    }
  }
  const reason = status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : 'unknown';
  return new ConnectionRefusedError(reason, status || undefined, error);
}

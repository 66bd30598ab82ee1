import { Agent } from 'node:https';

/** How long one try of a call may take. The SDK gives up on its own only when the socket does. */
interface Patience {
  requestTimeout: number;
  maxSockets: number;
}

/**
 * Options of the SDK's HTTP handler: sockets kept alive, and a try that takes too long is an error (without
 * `throwOnRequestTimeout` the handler only warns).
 *
 * @param patience milliseconds for one try, and how many sockets may be open to one host.
 */
export function httpHandler({ requestTimeout, maxSockets }: Patience) {
  return {
    connectionTimeout: 1_000,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpsAgent: new Agent({ keepAlive: true, maxSockets }),
  };
}

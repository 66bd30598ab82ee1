import type { Scene } from './scene.ts';

/** One attack: what is sent, over which way in, and the documented answer (what it holds; it may hold more). */
export type Attack = {
  over: 'WebSocket' | 'HTTP' | 'GraphQL';
  what: string;
  send: (scene: Scene) => Promise<unknown>;
  answer: object;
};

export function overWebSocket(what: string, send: Attack['send'], answer: object): Attack {
  return { over: 'WebSocket', what, send, answer };
}

export function overHttp(what: string, send: Attack['send'], answer: object): Attack {
  return { over: 'HTTP', what, send, answer };
}

export function overGraphql(what: string, send: Attack['send'], answer: object): Attack {
  return { over: 'GraphQL', what, send, answer };
}

/** The error frame of a socket. */
export function errorFrame(statusCode: number, error: unknown): object {
  return { type: 'error', statusCode, error };
}

/** GraphQL's answer with this error and nothing else. */
export function graphqlError(errorType: string | undefined, message: unknown, status = 200): object {
  return { status, errors: [{ ...(errorType && { errorType }), message }] };
}

import type { Backend } from '../edge/edge.ts';
import type { WebSocketApi } from './websocket-api.ts';

/**
 * `@connections` behind the edge: `/STAGE/@connections/ID`, errors named as the SDK knows them.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
 */
export function managementBackend(api: WebSocketApi): Backend {
  return (call) => {
    const [path = ''] = call.path.split('?');
    const connectionId = decodeURIComponent(path.split('/').at(-1) ?? '');
    const { status, errorType, message, body } = api.manage(call.method, connectionId, call.body);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (errorType) headers['x-amzn-errortype'] = errorType;
    const answer = errorType ? { message } : body;
    return Promise.resolve({ status, headers, body: answer === undefined ? '' : JSON.stringify(answer) });
  };
}

import type { IncomingMessage } from 'node:http';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html: the request line and the values of all headers. */
const maxHeadBytes = 10_240;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const maxSocketUrlLength = 4096;

/** Whether the request line and the header values are longer together than API Gateway takes. */
export function isHeadTooLarge({ method = '', url = '', rawHeaders }: IncomingMessage): boolean {
  const line = `${method} ${url} HTTP/1.1`;
  const values = rawHeaders.filter((_part, index) => index % 2 === 1);
  return [line, ...values].reduce((sum, part) => sum + Buffer.byteLength(part), 0) > maxHeadBytes;
}

/** Whether the address of a socket is longer than API Gateway takes, scheme and host included. */
export function isSocketUrlTooLong({ url = '', headers: { host = '' } }: IncomingMessage): boolean {
  return `wss://${host}${url}`.length > maxSocketUrlLength;
}

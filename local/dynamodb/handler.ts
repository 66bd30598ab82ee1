import { openLoopback } from '../loopback.ts';
import type { ForwardedRequest, ForwardedResponse } from '../loopback.ts';

export interface DynamoDbHandler {
  /** Passes a signed call of the DynamoDB or DynamoDB Streams API to the engine. Rejects when the engine is gone. */
  forward(request: ForwardedRequest): Promise<ForwardedResponse>;
  close(): void;
}

/** What an ARN of an engine looks like: dynoxide names the region `dynoxide`, DynamoDB Local `ddblocal`. */
const ENGINE_ARN = /arn:aws:dynamodb:[^:"]+:\d{12}:/g;

/**
 * The engine, seen as DynamoDB in `region` of `accountId`: ARNs in the answers about tables, indexes, streams, tags and the like name these.
 * ARNs in requests need nothing, for the engines look only at the table and stream they end in.
 */
export function dynamoDbHandler(options: { url: string; region: string; accountId: string }): DynamoDbHandler {
  const engine = openLoopback(options.url);
  const arnPrefix = `arn:aws:dynamodb:${options.region}:${options.accountId}:`;
  return {
    async forward(request) {
      const response = await engine.post(request);
      if (!answersWithArns(request.headers['x-amz-target'])) {
        return response;
      }
      const body = Buffer.from(response.body.toString().replace(ENGINE_ARN, arnPrefix));
      // The checksum is that of the body as the engine sent it.
      const headers = Object.entries(response.headers).filter(([name]) => name !== 'x-amz-crc32');
      return { status: response.status, headers: Object.fromEntries(headers), body };
    },
    close: () => {
      engine.close();
    },
  };
}

/**
 * Whether the answer speaks of tables and streams. All else carries items, where text that looks like an ARN is somebody's data and
 * must pass unread.
 */
function answersWithArns(target: string | string[] | undefined): boolean {
  const action = String(target).split('.').at(-1) ?? '';
  return /Table|Stream|Tag|Resource|TimeToLive|Backup|Import|Export/.test(action);
}

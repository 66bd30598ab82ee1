import { openLoopback } from '../loopback.ts';
import type { ForwardedRequest, ForwardedResponse } from '../loopback.ts';

export interface DynamoDbHandler {
  /** Passes a signed call of the DynamoDB or DynamoDB Streams API to the engine. Rejects when the engine is gone. */
  forward(request: ForwardedRequest): Promise<ForwardedResponse>;
  close(): void;
}

/** What an ARN of an engine looks like: dynoxide names the region `dynoxide`, DynamoDB Local `ddblocal`. */
const ENGINE_ARN = /arn:aws:dynamodb:[^:"]+:\d{12}:/;

/**
 * The engine, seen as DynamoDB in `region` of `accountId`: ARNs in the answers about tables, indexes, streams, tags and the like name these.
 * ARNs in requests become the engine's own again: dynoxide looks only at the table and stream they end in, DynamoDB Local at all of one.
 */
export function dynamoDbHandler(options: { url: string; region: string; accountId: string }): DynamoDbHandler {
  const engine = openLoopback(options.url);
  const arnPrefix = `arn:aws:dynamodb:${options.region}:${options.accountId}:`;
  /** As its answers have it. */
  let enginePrefix = arnPrefix;
  return {
    async forward({ headers, body }) {
      const target = String(headers['x-amz-target']);
      if (!asksWithArns(target)) {
        return engine.post({ headers, body });
      }
      const asked = Buffer.from(body.toString().replaceAll(arnPrefix, enginePrefix));
      const response = await engine.post({ headers, body: asked });
      if (!answersWithArns(target)) {
        return response;
      }
      const text = response.body.toString();
      enginePrefix = ENGINE_ARN.exec(text)?.[0] ?? enginePrefix;
      return {
        status: response.status,
        // The checksum is that of the body as the engine sent it.
        headers: Object.fromEntries(Object.entries(response.headers).filter(([name]) => name !== 'x-amz-crc32')),
        body: Buffer.from(text.replaceAll(new RegExp(ENGINE_ARN, 'g'), arnPrefix)),
      };
    },
    close: () => {
      engine.close();
    },
  };
}

/** Whether the request speaks of tables and streams, which may be by their ARNs. */
function asksWithArns(target: string): boolean {
  return target.startsWith('DynamoDBStreams_') || answersWithArns(target);
}

/**
 * Whether the answer speaks of tables and streams. All else carries items, where text that looks like an ARN is somebody's data and
 * must pass unread.
 */
function answersWithArns(target: string): boolean {
  const action = target.split('.').at(-1) ?? '';
  return /Table|Stream|Tag|Resource|TimeToLive|Backup|Import|Export/.test(action);
}

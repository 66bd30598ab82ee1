import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Readable } from 'node:stream';
import { toAttributes } from '../../local/appsync/data-sources/values.ts';
import { toMapValues } from '../../local/appsync/util/dynamodb-values.ts';

/** A call as it went over the wire. */
export interface Call {
  action: string;
  input: Record<string, unknown>;
}

type Reply = Record<string, unknown> | { error: string; [member: string]: unknown };

/**
 * The real SDK client on a wire that records what is sent and answers from a script, in order; beyond it, with nothing. What
 * counts changes of permissions is answered by itself, with so many in all, and kept apart.
 */
export function scriptedDynamoDb(...replies: Reply[]): { client: DynamoDBClient; calls: Call[]; counted: Call[] } {
  const calls: Call[] = [];
  const counted: Call[] = [];
  let count = 0;
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: { headers: Record<string, string>; body: Uint8Array }) => {
        const call = {
          action: (request.headers['x-amz-target'] ?? '').replace('DynamoDB_20120810.', ''),
          input: JSON.parse(new TextDecoder().decode(request.body)) as Record<string, unknown>,
        };
        const isCount = String(call.input['TableName']).includes('RateLimits');
        (isCount ? counted : calls).push(call);
        if (isCount) count += amountOf(call);
        const { error, ...reply } = isCount ? { Attributes: stored({ count }) } : (replies.shift() ?? {});
        const content = error
          ? { __type: `com.amazonaws.dynamodb.v20120810#${String(error)}`, message: String(error), ...reply }
          : reply;
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        const body = Readable.from([Buffer.from(JSON.stringify(content))]);
        return Promise.resolve({ response: { statusCode: error ? 400 : 200, headers, body } });
      },
    },
  });
  return { client, calls, counted };
}

function amountOf({ input }: Call): number {
  const { ':amount': amount } = input['ExpressionAttributeValues'] as Record<string, { N?: string }>;
  return Number(amount?.N);
}

/** An item of a reply. */
export function stored(row: Record<string, unknown>): Record<string, unknown> {
  return toAttributes(toMapValues(row));
}

import type { AwsCall } from '../../../local/edge/call.ts';
import { startEdge, type Backend, type Edge, type EdgeSettings } from '../../../local/edge/edge.ts';

export const region = 'us-east-1';
export const accountId = '000000000000';
export const messagesArn = `arn:aws:dynamodb:${region}:${accountId}:table/Messages`;
export const topicArn = `arn:aws:sns:${region}:${accountId}:standard`;
export const queueArn = `arn:aws:sqs:${region}:${accountId}:work`;
export const queueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/work`;

const replies: Record<string, string> = {
  dynamodb: '{}',
  sqs: '{}',
  states: '{}',
  sns: '<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>',
  'execute-api': '',
  'cognito-idp': '{"keys":[]}',
};

/** An edge whose services accept everything, and the calls that reached them. */
export async function startStubbedEdge(
  settings: Partial<EdgeSettings> = {},
): Promise<{ edge: Edge; reached: AwsCall[] }> {
  const reached: AwsCall[] = [];
  const accept: Backend = async (call) => {
    reached.push(call);
    return { status: 200, headers: {}, body: replies[call.service] ?? '{}' };
  };
  const backends = Object.fromEntries(Object.keys(replies).map((service) => [service, accept]));
  const edge = await startEdge({ region, accountId, principals: [], backends, ...settings });
  return { edge, reached };
}

/** An identity policy of one statement. */
export function allow(actions: string | string[], resources: string | string[]): { name: string; document: unknown } {
  return {
    name: 'policy',
    document: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }],
    },
  };
}

import type { RawRequest, Resource } from './call.ts';

/** The connection an `@connections` path names. */
type ConnectionPath = { apiId: string; stage: string; connectionId: string };

type Request = RawRequest & { service: string; action: string; input: Record<string, unknown> };
type ResourceReader = (request: Request, arnOf: ArnOf) => Resource[];
type ArnOf = (resource: string) => string;

/**
 * Which rights a call needs, as the Service Authorization Reference lists them
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/): every (IAM action, ARN) pair once. A call that names no
 * resource (ListTables, ...) needs its action on `*`.
 */
export function resourcesOf(request: Request, region: string, accountId: string): Resource[] {
  const { service, action } = request;
  const arnOf: ArnOf = (resource) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  const read = readers[service];
  const found = read ? read(request, arnOf) : [];
  return found.length > 0 ? found : [{ action: `${service}:${action}`, arn: '*' }];
}

const readers: Record<string, ResourceReader | undefined> = {
  dynamodb: dynamodbResources,
  sns: snsResources,
  sqs: sqsResources,
  'execute-api': connectionResources,
  states: ({ action, input }) =>
    [input['stateMachineArn'], input['executionArn']]
      .filter((arn) => typeof arn === 'string')
      .map((arn) => ({ action: `states:${action}`, arn })),
  lambda: ({ path }, arnOf) => {
    const name = decodeURIComponent(/\/functions\/([^/]+)\/invocations/.exec(path)?.[1] ?? '');
    return [{ action: 'lambda:InvokeFunction', arn: name.startsWith('arn:') ? name : arnOf(`function:${name}`) }];
  },
  'cognito-idp': ({ action, input }, arnOf) =>
    typeof input['UserPoolId'] === 'string'
      ? [{ action: `cognito-idp:${action}`, arn: arnOf(`userpool/${input['UserPoolId']}`) }]
      : [],
  logs: ({ action, input }, arnOf) =>
    typeof input['logGroupName'] === 'string'
      ? [{ action: `logs:${action}`, arn: arnOf(`log-group:${input['logGroupName']}:*`) }]
      : [],
};

/** The IAM action behind each kind of item in a transaction; a transaction needs no right of its own. */
const transactionActions: Record<string, string> = {
  Get: 'dynamodb:GetItem',
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
};

function dynamodbResources({ action, input }: Request, arnOf: ArnOf): Resource[] {
  const tableArn = (table: unknown): string => {
    const name = String(table);
    return name.startsWith('arn:') ? name : arnOf(`table/${name}`);
  };
  if (typeof input['StreamArn'] === 'string') return [{ action: `dynamodb:${action}`, arn: input['StreamArn'] }];
  if (typeof input['RequestItems'] === 'object' && input['RequestItems'] !== null) {
    return Object.keys(input['RequestItems']).map((table) => ({ action: `dynamodb:${action}`, arn: tableArn(table) }));
  }
  if (Array.isArray(input['TransactItems'])) {
    const found = new Map<string, Resource>();
    for (const item of input['TransactItems'] as Record<string, { TableName?: unknown } | null>[]) {
      for (const [kind, operation] of Object.entries(item ?? {})) {
        const needed = { action: transactionActions[kind] ?? `dynamodb:${kind}`, arn: tableArn(operation?.TableName) };
        found.set(`${needed.action} ${needed.arn}`, needed);
      }
    }
    return [...found.values()];
  }
  if (typeof input['TableName'] !== 'string') return [];
  const index = typeof input['IndexName'] === 'string' ? `/index/${input['IndexName']}` : '';
  return [{ action: `dynamodb:${action}`, arn: tableArn(input['TableName']) + index }];
}

/** Batch actions are covered by the right to the single one. */
const singleAction = (action: string): string => action.replace(/Batch$/, '');

function snsResources({ action, input }: Request, arnOf: ArnOf): Resource[] {
  const needed = `sns:${singleAction(action)}`;
  const named = input['TopicArn'] ?? input['TargetArn'] ?? input['ResourceArn'];
  if (typeof named === 'string') return [{ action: needed, arn: named }];
  const subscription = input['SubscriptionArn'];
  if (typeof subscription === 'string') return [{ action: needed, arn: subscription.split(':').slice(0, 6).join(':') }];
  return action === 'CreateTopic' ? [{ action: needed, arn: arnOf(String(input['Name'])) }] : [];
}

function sqsResources({ action, input }: Request, arnOf: ArnOf): Resource[] {
  const needed = `sqs:${singleAction(action)}`;
  if (typeof input['QueueUrl'] === 'string') {
    return [{ action: needed, arn: arnOf(input['QueueUrl'].slice(input['QueueUrl'].lastIndexOf('/') + 1)) }];
  }
  if (typeof input['QueueName'] === 'string') return [{ action: needed, arn: arnOf(input['QueueName']) }];
  return [input['SourceArn'], input['DestinationArn']]
    .filter((arn) => typeof arn === 'string')
    .map((arn) => ({ action: needed, arn }));
}

function connectionResources(request: Request, arnOf: ArnOf): Resource[] {
  const path = connectionPath(request);
  if (!path) return [];
  const { apiId, stage, connectionId } = path;
  return [
    {
      action: 'execute-api:ManageConnections',
      arn: arnOf(`${apiId}/${stage}/${request.method}/@connections/${connectionId}`),
    },
  ];
}

/**
 * Reads `/STAGE/@connections/ID` on `APIID.execute-api.REGION.amazonaws.com`, or `/APIID/STAGE/@connections/ID` on the edge's own
 * address, for clients outside that set `endpoint: EDGE/APIID/STAGE`.
 */
function connectionPath({ host, path }: { host: string; path: string }): ConnectionPath | undefined {
  const [route = ''] = path.split('?', 1);
  const [, apiInPath, stage, id] = /^(?:\/([^/]+))?\/([^/]+)\/@connections\/([^/]+)$/.exec(route) ?? [];
  const apiId = /^([^.]+)\.execute-api\./.exec(host)?.[1] ?? apiInPath;
  return apiId && stage && id ? { apiId, stage, connectionId: decodeURIComponent(id) } : undefined;
}

import { dynamodbUtil } from './dynamodb-values.ts';
import { expressionOf } from './expressions.ts';
import { ids } from './ids.ts';
import { EarlyReturn, type Invocation, ResolverError } from './signals.ts';
import { mathUtil, strUtil, textUtil } from './text.ts';
import { timeUtil } from './time.ts';

/** An object whose every use says that the embedded cloud does not have it. */
function unavailable(name: string): object {
  return new Proxy(
    {},
    {
      get: (_, member) => {
        throw new Error(`The embedded cloud does not implement ${name}.${String(member)}.`);
      },
    },
  );
}

function refuse(name: string): () => never {
  return () => {
    throw new Error(`The embedded cloud does not implement ${name}.`);
  };
}

/** AppSync hands expressions out as JSON text. */
function expressionText(filter: Record<string, unknown>): string {
  const { expression, expressionNames, expressionValues } = expressionOf(filter);
  return JSON.stringify({ expression, expressionNames, expressionValues });
}

/**
 * The globals `util`, `runtime` and `extensions` of APPSYNC_JS.
 *
 * @param current the invocation that is running; handlers never wait, so there is one at a time
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-util-reference-js.html
 */
export function runtimeGlobals(current: () => Invocation): { util: object; runtime: object; extensions: object } {
  const util = {
    ...ids,
    ...textUtil,
    error(message: string, errorType?: string, data?: unknown, errorInfo?: unknown): never {
      throw new ResolverError(message, errorType, data, errorInfo);
    },
    appendError(message: string, errorType?: string, data?: unknown, errorInfo?: unknown): void {
      current().appended.push(new ResolverError(message, errorType, data, errorInfo));
    },
    unauthorized(): never {
      throw notAuthorized(current());
    },
    authType: () => 'User Pool Authorization',
    time: timeUtil,
    dynamodb: dynamodbUtil,
    transform: {
      toDynamoDBFilterExpression: expressionText,
      toDynamoDBConditionExpression: expressionText,
      toElasticsearchQueryDSL: refuse('util.transform.toElasticsearchQueryDSL'),
      toSubscriptionFilter: refuse('util.transform.toSubscriptionFilter'),
    },
    str: strUtil,
    math: mathUtil,
    http: unavailable('util.http'),
    xml: unavailable('util.xml'),
    rds: unavailable('util.rds'),
  };
  const runtime = {
    earlyReturn(value?: unknown, options?: { skipTo?: 'END' | 'NEXT' }): never {
      throw new EarlyReturn(value, options?.skipTo ?? 'NEXT');
    },
  };
  return { util, runtime, extensions: unavailable('extensions') };
}

/** What AppSync says to a caller who may not see a field. */
export function notAuthorized({ typeName, fieldName }: Pick<Invocation, 'typeName' | 'fieldName'>): ResolverError {
  return new ResolverError(`Not Authorized to access ${fieldName} on type ${typeName}`, 'Unauthorized');
}

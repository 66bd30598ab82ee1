import {
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  type TransactGetItemsCommandInput,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { isDeepStrictEqual } from 'node:util';
import { batchGet, batchWrite } from './batches.ts';
import { failureOf, isConditionFailure, type Outcome, transactionFailure } from './outcome.ts';
import type { PageTokens } from './page-tokens.ts';
import {
  expressionParts,
  InvalidRequest,
  optional,
  reading,
  type RequestObject,
  required,
  takeOnly,
  transactAction,
} from './requests.ts';
import { fromAttributes, fromItem, toAttributes } from './values.ts';

/** A table as a data source of AppSync: runs request objects through the SDK and gives results in AppSync's shapes. */
export class DynamoDbDataSource {
  readonly #table: string;
  readonly #client: DynamoDBClient;
  readonly #tokens: PageTokens;

  constructor(table: string, client: DynamoDBClient, tokens: PageTokens) {
    this.#table = table;
    this.#client = client;
    this.#tokens = tokens;
  }

  /**
   * @returns the result, or the error DynamoDB answered with
   * @throws InvalidRequest when AppSync would refuse the request object itself
   * @see https://docs.aws.amazon.com/appsync/latest/devguide/js-resolver-reference-dynamodb.html
   */
  async run(request: RequestObject): Promise<Outcome> {
    const operation = String(request['operation']);
    const run = this.#operations[operation];
    if (!run) throw new InvalidRequest(`The embedded cloud's DynamoDB data source has no operation ${operation}.`);
    try {
      return await run(request);
    } catch (error) {
      if (error instanceof InvalidRequest) throw error;
      return failureOf(error);
    }
  }

  readonly #operations: Record<string, (request: RequestObject) => Promise<Outcome>> = {
    GetItem: (request) => this.#get(request),
    PutItem: (request) => this.#put(request),
    UpdateItem: (request) => this.#update(request),
    DeleteItem: (request) => this.#delete(request),
    Query: (request) => this.#query(request),
    Scan: (request) => this.#scan(request),
    BatchGetItem: (request) => batchGet(this.#client, request),
    BatchPutItem: (request) => batchWrite(this.#client, request, 'PutRequest', 'Item'),
    BatchDeleteItem: (request) => batchWrite(this.#client, request, 'DeleteRequest', 'Key'),
    TransactGetItems: (request) => this.#transactGet(request),
    TransactWriteItems: (request) => this.#transactWrite(request),
  };

  async #get(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'GetItem', ['key', 'consistentRead', 'projection']);
    const input = {
      TableName: this.#table,
      Key: toAttributes(required(request, 'GetItem', 'key')),
      ...reading(request),
    };
    const { Item } = await this.#client.send(new GetItemCommand(input as GetItemCommandInput));
    return { result: fromItem(Item) };
  }

  async #put(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'PutItem', ['key', 'attributeValues', 'condition']);
    const Item = {
      ...toAttributes(required(request, 'PutItem', 'attributeValues')),
      ...toAttributes(required(request, 'PutItem', 'key')),
    };
    const result = fromAttributes(Item);
    const input = { TableName: this.#table, Item, ...conditional(request) };
    try {
      await this.#client.send(new PutItemCommand(input as PutItemCommandInput));
    } catch (error) {
      // A put whose condition fails on what is already the wished item counts as done.
      const ignored = (optional(request, 'condition')?.['equalsIgnore'] ?? []) as string[];
      if (!isConditionFailure(error) || !sameItem(result, fromItem(error.Item), ignored)) throw error;
    }
    return { result };
  }

  async #update(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'UpdateItem', ['key', 'update', 'condition']);
    const update = required(request, 'UpdateItem', 'update');
    const input = {
      TableName: this.#table,
      Key: toAttributes(required(request, 'UpdateItem', 'key')),
      UpdateExpression: update['expression'],
      ReturnValues: 'ALL_NEW',
      ...conditional(request),
      ...expressionParts(update, optional(request, 'condition')),
    };
    const { Attributes } = await this.#client.send(new UpdateItemCommand(input as UpdateItemCommandInput));
    return { result: fromItem(Attributes) };
  }

  async #delete(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'DeleteItem', ['key', 'condition']);
    const Key = toAttributes(required(request, 'DeleteItem', 'key'));
    const input = { TableName: this.#table, Key, ReturnValues: 'ALL_OLD', ...conditional(request) };
    try {
      const { Attributes } = await this.#client.send(new DeleteItemCommand(input as DeleteItemCommandInput));
      return { result: fromItem(Attributes) };
    } catch (error) {
      if (isConditionFailure(error) && !error.Item) return { result: null };
      throw error;
    }
  }

  async #query(request: RequestObject): Promise<Outcome> {
    const members = [
      'query',
      'filter',
      'index',
      'nextToken',
      'limit',
      'scanIndexForward',
      'consistentRead',
      'select',
      'projection',
    ];
    takeOnly(request, 'Query', members);
    const query = required(request, 'Query', 'query');
    const input = {
      ...this.#page(request, [query]),
      KeyConditionExpression: query['expression'],
      ScanIndexForward: request['scanIndexForward'] ?? true,
    };
    const { Items, LastEvaluatedKey, ScannedCount } = await this.#client.send(
      new QueryCommand(input as QueryCommandInput),
    );
    return { result: this.#pageResult(Items, LastEvaluatedKey, ScannedCount) };
  }

  async #scan(request: RequestObject): Promise<Outcome> {
    const members = [
      'filter',
      'index',
      'nextToken',
      'limit',
      'consistentRead',
      'select',
      'projection',
      'totalSegments',
      'segment',
    ];
    takeOnly(request, 'Scan', members);
    const segments = { TotalSegments: request['totalSegments'] ?? undefined, Segment: request['segment'] ?? undefined };
    const input = { ...this.#page(request, []), ...segments };
    const { Items, LastEvaluatedKey, ScannedCount } = await this.#client.send(
      new ScanCommand(input as ScanCommandInput),
    );
    return { result: this.#pageResult(Items, LastEvaluatedKey, ScannedCount) };
  }

  #page(request: RequestObject, expressions: RequestObject[]): RequestObject {
    const filter = optional(request, 'filter');
    const token = request['nextToken'];
    return {
      TableName: this.#table,
      IndexName: request['index'] ?? undefined,
      Limit: request['limit'] ?? undefined,
      ...(request['select'] ? { Select: request['select'] } : {}),
      ...(typeof token === 'string' ? { ExclusiveStartKey: this.#open(token) } : {}),
      ...(filter ? { FilterExpression: filter['expression'] } : {}),
      ...reading(request, [...expressions, filter]),
    };
  }

  #open(token: string): ReturnType<PageTokens['open']> {
    try {
      return this.#tokens.open(token);
    } catch {
      throw Object.assign(new Error('Invalid pagination token given.'), { name: 'ValidationException' });
    }
  }

  #pageResult(
    items: Parameters<typeof fromAttributes>[0][] = [],
    last: Parameters<PageTokens['seal']>[0],
    scanned = 0,
  ): unknown {
    return { items: items.map(fromAttributes), nextToken: this.#tokens.seal(last), scannedCount: scanned };
  }

  async #transactGet(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'TransactGetItems', ['transactItems']);
    const items = (request['transactItems'] ?? []) as RequestObject[];
    const TransactItems = items.map((item) => {
      takeOnly(item, "TransactGetItems' item", ['table', 'key', 'projection']);
      const Key = toAttributes(required(item, "TransactGetItems' item", 'key'));
      return { Get: { TableName: item['table'], Key, ...reading(item) } };
    });
    const input = { TransactItems } as TransactGetItemsCommandInput;
    try {
      const { Responses = [] } = await this.#client.send(new TransactGetItemsCommand(input));
      return { result: { items: Responses.map(({ Item }) => fromItem(Item)), cancellationReasons: null } };
    } catch (error) {
      return transactionFailure(error, 'items');
    }
  }

  async #transactWrite(request: RequestObject): Promise<Outcome> {
    takeOnly(request, 'TransactWriteItems', ['transactItems']);
    const items = (request['transactItems'] ?? []) as RequestObject[];
    const actions = items.map(transactAction);
    const input = { TransactItems: actions.map(({ action, input }) => ({ [action]: input })) };
    try {
      await this.#client.send(new TransactWriteItemsCommand(input as unknown as TransactWriteItemsCommandInput));
      const keys = items.map((item) => fromAttributes(toAttributes(required(item, 'TransactWriteItems', 'key'))));
      return { result: { keys, cancellationReasons: null } };
    } catch (error) {
      return transactionFailure(error, 'keys');
    }
  }
}

function conditional(request: RequestObject): RequestObject {
  const condition = optional(request, 'condition');
  if (!condition) return {};
  takeOnly(condition, 'A condition', [
    'expression',
    'expressionNames',
    'expressionValues',
    'equalsIgnore',
    'consistentRead',
  ]);
  return {
    ConditionExpression: condition['expression'],
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...expressionParts(condition),
  };
}

function sameItem(wished: Record<string, unknown>, stored: Record<string, unknown> | null, ignored: string[]): boolean {
  const compared = (item: Record<string, unknown>): unknown =>
    Object.fromEntries(Object.entries(item).filter(([name]) => !ignored.includes(name)));
  return stored !== null && isDeepStrictEqual(compared(wished), compared(stored));
}

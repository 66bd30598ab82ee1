import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { httpHandler } from './http-handler.ts';

/** The one DynamoDB client of a function. Undefined attributes are left out instead of refused. */
export const dynamodb = DynamoDBDocumentClient.from(
  new DynamoDBClient({ maxAttempts: 3, requestHandler: httpHandler({ requestTimeout: 2_000, maxSockets: 50 }) }),
  { marshallOptions: { removeUndefinedValues: true } },
);

import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import type { Envelope } from '../../functions/domain/protocol/envelope.ts';

const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const connections = new ApiGatewayManagementApiClient({ endpoint: process.env['WEBSOCKET_ENDPOINT'] });

/** The usual processor: for each message a counter, a put, and one post after another. A crash in between leaves a gap. */
export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) {
    const { messageId, payload } = JSON.parse(body) as Envelope;
    const { chatId } = payload;
    const { Attributes } = await dynamodb.send(
      new UpdateCommand({
        TableName: process.env['CHATS_TABLE'],
        Key: { chatId },
        UpdateExpression: 'ADD #sequence :one',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    const message = { chatId, messageId, sequence: Number(Attributes?.['sequence']), payload: JSON.stringify(payload) };
    await dynamodb.send(new PutCommand({ TableName: process.env['MESSAGES_TABLE'], Item: message }));
    const { Items = [] } = await dynamodb.send(
      new QueryCommand({
        TableName: process.env['SUBSCRIPTIONS_TABLE'],
        KeyConditionExpression: 'chatId = :chatId',
        ExpressionAttributeValues: { ':chatId': chatId },
      }),
    );
    const frame = JSON.stringify({ ...payload, messageId, sequence: message.sequence });
    for (const { connectionId } of Items) {
      await connections.send(new PostToConnectionCommand({ ConnectionId: String(connectionId), Data: frame }));
    }
  }
}

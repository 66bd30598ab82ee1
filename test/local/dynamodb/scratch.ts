import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { engineClient } from '../../../local/dynamodb/client.ts';
import type { EngineClient } from '../../../local/dynamodb/client.ts';
import { startEngine } from '../../../local/dynamodb/engine.ts';
import { dynamoDbHandler } from '../../../local/dynamodb/handler.ts';
import { startFront } from '../front.ts';
import { onScratchData, type OnScratchData } from '../on-scratch-data.ts';

export const region = 'eu-west-1';
export const accountId = '000000000000';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** An engine on a data folder of its own, and a real SDK client that reaches it through the handler. */
export type Scratch = OnScratchData<{ url: string; engine: EngineClient; client: DynamoDBClient; endpoint: string }>;

export function startScratch(): Promise<Scratch> {
  return onScratchData('dynamodb', async (dataFolder) => {
    const engine = await startEngine({ dataFolder });
    const calls = engineClient(engine.url);
    const handler = dynamoDbHandler({ url: engine.url, region, accountId });
    const front = await startFront((request) => handler.forward(request));
    const client = new DynamoDBClient({ region, endpoint: front.url, credentials, maxAttempts: 1 });
    return {
      running: { url: engine.url, engine: calls, client, endpoint: front.url },
      async end() {
        client.destroy();
        calls.close();
        handler.close();
        await front.stop();
        await engine.stop();
      },
    };
  });
}

/** The properties of a table with everything the service's own tables have. */
export const permissions = {
  KeySchema: [
    { AttributeName: 'userId', KeyType: 'HASH' },
    { AttributeName: 'chatId', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'userId', AttributeType: 'S' },
    { AttributeName: 'chatId', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byChat',
      KeySchema: [
        { AttributeName: 'chatId', KeyType: 'HASH' },
        { AttributeName: 'userId', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
  TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  SSESpecification: { SSEEnabled: true },
};

/** A permission row as the SDK takes it. */
export function row(userId: string, chatId: string, expiresAt?: number) {
  return {
    userId: { S: userId },
    chatId: { S: chatId },
    ...(expiresAt !== undefined && { expiresAt: { N: String(expiresAt) } }),
  };
}

import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import type { Variant } from './variant.ts';

const client = new ApiGatewayManagementApiClient({ endpoint: process.env['WEBSOCKET_ENDPOINT'] });

/** The SDK's client and Promise.all, as the examples have it. */
export const variant: Variant = {
  recipients: (ids) => ids,
  send: (text, ids: string[]) =>
    Promise.all(ids.map((ConnectionId) => client.send(new PostToConnectionCommand({ ConnectionId, Data: text })))),
};

import type { DynamoDBStreamEvent } from 'aws-lambda';
import { followPermissions } from '../domain/revoking/follow-permissions.ts';
import { invocation } from '../entry/invocation.ts';
import { permissionEventOf, streamResponse } from '../entry/stream.ts';

/**
 * Follows the Permissions table: a permission that is taken away, or ends, ends the subscriptions that rest on it.
 * Records of one permission come in order, but may come again, or so late that another permission is there by then.
 */
export const handler = invocation(async ({ Records }: DynamoDBStreamEvent) =>
  streamResponse(await followPermissions(Records.map(permissionEventOf))),
);

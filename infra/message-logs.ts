import type { Stack } from 'aws-cdk-lib';
import { logGroupNameOf } from './service-function.ts';

/** The functions through whose hands messages go, and which say so in their logs, in the order in which they come. */
const functions = [
  'p2p-websocket-publisher',
  'a2p-http-publisher',
  'message-processor',
  'fan-out',
  'delivery-retry',
  'dead-letter-recorder',
  'redrive-batch',
];

/** The log groups in which a message's way can be followed. */
export function messageLogs(stack: Stack): string[] {
  return functions.map((name) => logGroupNameOf(stack, name));
}

import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { SocketEvent } from '../../../functions/entry/socket.ts';
import { lambdaContext, socketMessage, type Person } from './events.ts';

type Handler = (event: SocketEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** What a function answers to a message that comes over the route of its action. */
export async function answerOf(
  handler: Handler,
  person: Person,
  body: { action: string } & Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const answer = await handler(socketMessage(person, body, body.action), lambdaContext());
  const reply = JSON.parse(answer.body ?? '') as Record<string, unknown>;
  expect(answer.statusCode).toBe(reply['statusCode'] ?? 200);
  return reply;
}

import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { writeEnvelope, type Envelope } from '../../../functions/domain/protocol/envelope.ts';
import type { SocketEvent } from '../../../functions/entry/socket.ts';

/** A Lambda context with so much time left. */
export function lambdaContext(remainingMs: number | (() => number) = 10_000): Context {
  const getRemainingTimeInMillis = typeof remainingMs === 'number' ? () => remainingMs : remainingMs;
  return { awsRequestId: 'invocation-1', getRemainingTimeInMillis } as Context;
}

/** Epoch seconds, so many from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export interface Person {
  userId: string;
  connectionId?: string;
  tokenExpiresAt?: number;
  chatIds?: string[];
  frames?: 'single' | 'batch';
}

function authorizerContext({ userId, tokenExpiresAt = inSeconds(3600), chatIds = [], frames = 'single' }: Person) {
  return {
    userId,
    username: userId,
    groups: '',
    tokenExpiresAt: String(tokenExpiresAt),
    chatIds: chatIds.join(','),
    frames,
  };
}

/** A message of a client, as API Gateway hands it to a route. */
export function socketMessage(person: Person, body: unknown, routeKey = '$default'): SocketEvent {
  return {
    requestContext: {
      connectionId: person.connectionId ?? 'connection-1',
      eventType: 'MESSAGE',
      routeKey,
      authorizer: authorizerContext(person),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** A socket that opens, past its authorizer. */
export function socketOpening(person: Person, headers: Record<string, string> = {}): SocketEvent {
  return {
    requestContext: {
      connectionId: person.connectionId ?? 'connection-1',
      eventType: 'CONNECT',
      routeKey: '$connect',
      authorizer: authorizerContext(person),
    },
    headers,
    isBase64Encoded: false,
  };
}

/** A socket that has closed. */
export function socketClosing(connectionId: string): SocketEvent {
  return { requestContext: { connectionId, eventType: 'DISCONNECT', routeKey: '$disconnect' } };
}

/** A message on its way, sensible where nothing else is said. */
export function envelope(
  said: Partial<Omit<Envelope, 'payload'>> & { payload?: Record<string, unknown> } = {},
): Envelope {
  return {
    version: 1,
    messageId: ulid(),
    senderId: 'ada',
    publishTimestamp: '2026-01-01T00:00:00.000Z',
    targetChannel: 'WebSocket',
    messageType: 'fifo',
    ...(said.messageType !== 'standard' && { messageGroupId: String(said.payload?.['chatId'] ?? 'chat-1') }),
    ...said,
    payload: { chatId: 'chat-1', eventType: 'chat', content: 'hello', ...said.payload },
  };
}

interface Received {
  body: Envelope | string;
  fifo?: boolean;
  receiveCount?: number;
  groupId?: string;
  attributes?: SQSRecord['messageAttributes'];
}

let received = 0n;

/** A message as SQS hands it to a function; its ids differ from every other's. */
export function sqsRecord({
  body,
  fifo = true,
  receiveCount = 1,
  groupId = fifo ? 'group-1' : undefined,
  attributes,
}: Received): SQSRecord {
  received += 1n;
  return {
    messageId: randomUUID(),
    receiptHandle: `receipt-${received}`,
    body: typeof body === 'string' ? body : writeEnvelope(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      ApproximateFirstReceiveTimestamp: '0',
      SentTimestamp: '0',
      SenderId: 'sns',
      ...(groupId !== undefined && { MessageGroupId: groupId }),
      ...(fifo && { SequenceNumber: String(18_779_423_847_239_800n + received) }),
    },
    messageAttributes: attributes ?? { targetChannel: { dataType: 'String', stringValue: 'WebSocket' } },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:messages${fifo ? '.fifo' : ''}`,
    awsRegion: 'us-east-1',
  };
}

export function sqsEvent(...Records: SQSRecord[]): SQSEvent {
  return { Records };
}

/**
 * Limits of the contract. Those of AWS name the page they come from:
 * WebSocket: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 */
export const limits = {
  /** One delivered message, UTF-8 bytes: API Gateway's largest WebSocket message. */
  frameBytes: 128 * 1024,
  /** One batch frame, UTF-8 bytes: API Gateway's unit of billing. */
  batchFrameBytes: 32 * 1024,
  /** Chats named while connecting. */
  chatsAtConnect: 50,
  connectionsPerUser: 20,
  subscriptionsPerConnection: 500,
  /** Chats named in one `subscribe` or `unsubscribe`. */
  chatsPerRequest: 100,
  positionsPerPing: 50,
  /** One page of a replay, UTF-8 bytes, unless a single message is larger: API Gateway's unit of billing. */
  replayFrameBytes: 32 * 1024,
  /** UTF-8 bytes of a replay's ackId as JSON: room that the largest message leaves in its frame. */
  replayAckIdBytes: 256,
  /** How old, and how far ahead, the time inside a messageId given by a client may be. */
  messageIdAgeMs: 24 * 60 * 60 * 1000,
  messageIdAheadMs: 60 * 1000,
  messageGroupIdLength: 1024,
  targetChannelLength: 128,
  /** Objects and arrays within each other, the payload included. */
  payloadLevels: 64,
  /** A page of `GET /permissions`: at most 600 bytes each, well within one read of DynamoDB and one answer of Lambda. */
  permissionsPerPage: 1000,
  multiPartTotalParts: 1000,
  multiPartGroupIdLength: 256,
  /** Characters of its JSON. */
  ackIdLength: 1024,
  /** How late a message that is reported may have come, and how long ago that may be. */
  reportAgeMs: 10 * 60 * 1000,
  /** How far a reporter's clock may be ahead, or behind the sender's. */
  reportSkewMs: 1000,
} as const;

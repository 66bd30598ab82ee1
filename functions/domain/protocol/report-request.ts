import * as v from 'valibot';
import { messageIdPattern } from './message-id.ts';
import { invalid, missingField } from './parse.ts';

const messageId = invalid('messageId', 'a ULID of 26 upper-case characters');
const receivedAt = invalid('receivedAt', 'a time such as 2026-01-01T00:00:00.000Z');

/** What `report` tells: that a message reached its reader. Nothing answers it. */
export const ReportRequest = v.object(
  {
    messageId: v.pipe(
      v.string(messageId),
      v.regex(messageIdPattern, messageId),
      v.description('Of a message that came over a socket.'),
    ),
    receivedAt: v.pipe(
      v.string(receivedAt),
      v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, receivedAt),
      v.check((text) => !Number.isNaN(Date.parse(text)), receivedAt),
      v.description("When it came, by the service's clock as the last pong told it."),
    ),
  },
  missingField,
);

export type ReportRequest = v.InferOutput<typeof ReportRequest>;

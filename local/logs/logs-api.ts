import type { AwsCall } from '../edge/call.ts';
import type { Backend } from '../edge/edge.ts';
import { errorReply, type Reply } from '../edge/replies.ts';
import { compilePattern, InvalidPattern } from './filter-pattern.ts';
import type { LogStore, PlacedEvent } from './log-store.ts';

/** An answer holds at most so many events, or so many bytes of them. */
const maxEvents = 10_000;
const maxBytes = 1_024 * 1_024;

class Refused extends Error {
  readonly error: string;
  constructor(error: string, message: string) {
    super(message);
    this.error = error;
  }
}

/** How far an answer got: the next one goes on behind it. */
type Position = { timestamp: number; place: number };

/**
 * FilterLogEvents of CloudWatch Logs
 * (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).
 */
export function logsBackend(store: LogStore): Backend {
  return async (call) => {
    try {
      if (call.action !== 'FilterLogEvents') {
        throw new Refused('UnknownOperationException', `The embedded CloudWatch Logs has no ${call.action}.`);
      }
      return json(call, await filterLogEvents(store, call.input));
    } catch (error) {
      const name = error instanceof InvalidPattern ? 'InvalidParameterException' : undefined;
      if (error instanceof Refused || error instanceof InvalidPattern) {
        const refusal = { error: name ?? (error as Refused).error, statusCode: 400, message: error.message };
        return errorReply('logs', call.id, refusal);
      }
      throw error;
    }
  };
}

async function filterLogEvents(store: LogStore, input: Record<string, unknown>): Promise<object> {
  const {
    startTime = 0,
    endTime = Infinity,
    filterPattern = '',
    limit = maxEvents,
    nextToken,
  } = input as {
    startTime?: number;
    endTime?: number;
    filterPattern?: string;
    limit?: number;
    nextToken?: string;
  };
  if (!Number.isInteger(limit) || limit < 1 || limit > maxEvents) {
    throw new Refused('InvalidParameterException', `limit: expected 1 to ${maxEvents}, and got ${limit}`);
  }
  const after = nextToken === undefined ? undefined : readToken(nextToken);
  const matches = compilePattern(filterPattern);
  const ofStream = streamTest(input);
  const events = (await store.read(groupOf(store, input)))
    .filter((event) => event.timestamp >= startTime && event.timestamp <= endTime)
    .filter((event) => ofStream(event.logStreamName) && matches(event.message))
    .sort(inOrder)
    .filter((event) => !after || inOrder(event, after) > 0);
  const page = pageOf(events, limit);
  const last = page.at(-1);
  return {
    events: page.map(({ logStreamName, timestamp, message, ingestionTime, eventId }) => {
      return { logStreamName, timestamp, message, ingestionTime, eventId };
    }),
    searchedLogStreams: [],
    ...(last && page.length < events.length && { nextToken: tokenOf(last) }),
  };
}

function groupOf(store: LogStore, { logGroupName, logGroupIdentifier }: Record<string, unknown>): string {
  const named = logGroupName ?? logGroupIdentifier;
  if (typeof named !== 'string') throw new Refused('InvalidParameterException', 'logGroupName is missing');
  // An identifier may be the group's ARN.
  const name = named.replace(/^arn:aws:logs:[^:]*:[^:]*:log-group:/, '').replace(/:\*$/, '');
  if (!store.has(name)) throw new Refused('ResourceNotFoundException', 'The specified log group does not exist.');
  return name;
}

function streamTest(input: Record<string, unknown>): (stream: string) => boolean {
  const { logStreamNames: names, logStreamNamePrefix: prefix } = input as {
    logStreamNames?: string[];
    logStreamNamePrefix?: string;
  };
  if (names && prefix !== undefined) {
    const message = 'logStreamNames and logStreamNamePrefix exclude each other';
    throw new Refused('InvalidParameterException', message);
  }
  if (names) return (stream) => names.includes(stream);
  return (stream) => prefix === undefined || stream.startsWith(prefix);
}

function pageOf(events: PlacedEvent[], limit: number): PlacedEvent[] {
  let bytes = 0;
  const tooMany = events.findIndex((event, index) => {
    bytes += Buffer.byteLength(event.message);
    return index >= limit || (index > 0 && bytes > maxBytes);
  });
  return tooMany < 0 ? events : events.slice(0, tooMany);
}

function inOrder(one: Position, other: Position): number {
  return one.timestamp - other.timestamp || one.place - other.place;
}

function tokenOf({ timestamp, place }: Position): string {
  return Buffer.from(JSON.stringify({ timestamp, place })).toString('base64url');
}

function readToken(token: string): Position {
  try {
    const { timestamp, place } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Position;
    if (Number.isInteger(timestamp) && Number.isInteger(place)) return { timestamp, place };
  } catch {
    // Refused below, as one that is JSON but no position is.
  }
  throw new Refused('InvalidParameterException', 'The specified nextToken is invalid.');
}

function json({ id }: AwsCall, body: object): Reply {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': id };
  return { status: 200, headers, body: JSON.stringify(body) };
}

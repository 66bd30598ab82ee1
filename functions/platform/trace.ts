import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';

/** Where a trace stands: its id, and the segment that what comes next is a part of. */
interface Place {
  traceId: string;
  parentId: string;
}

/** A piece of work for one message. Times are epoch milliseconds. */
export interface TracedWork {
  name: string;
  messageId: string;
  startedAt: number;
  /** `refused`: the caller's fault, `failed`: ours or AWS's. */
  outcome: 'done' | 'refused' | 'failed';
}

/**
 * The place that a trace header tells, if X-Ray is to keep this trace; most it is not to keep.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
function sampledPlace(header: string | undefined): Place | undefined {
  if (!header?.includes('Sampled=1')) return undefined;
  const traceId = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/.exec(header)?.[1];
  const parentId = /Parent=([0-9a-f]{16})/.exec(header)?.[1];
  return traceId !== undefined && parentId !== undefined ? { traceId, parentId } : undefined;
}

/** Whether work for whoever sent this header is to be told. */
export function isTraced(header: string | undefined): header is string {
  return sampledPlace(header) !== undefined;
}

/**
 * Does a piece of work, and tells it in the trace of this invocation, where its message can be found by its id: Lambda's
 * own segment takes no annotations.
 */
export async function traced<T>(name: string, messageId: string, work: () => Promise<T>): Promise<T> {
  const place = sampledPlace(process.env['_X_AMZN_TRACE_ID']);
  if (place === undefined) return work();
  const startedAt = Date.now();
  const tell = (outcome: TracedWork['outcome']): void =>
    send({
      ...subsegmentOf({ name, messageId, startedAt, outcome }),
      type: 'subsegment',
      trace_id: place.traceId,
      parent_id: place.parentId,
    });
  try {
    const result = await work();
    tell('done');
    return result;
  } catch (error) {
    tell(isRefusal(error) ? 'refused' : 'failed');
    throw error;
  }
}

/**
 * Tells a piece of work that is over in the trace that its message came with. The invocation has a trace of its own,
 * since its messages are of many; X-Ray links it to theirs, and does not continue them:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html
 */
export function tellSender(header: string | undefined, work: TracedWork): void {
  const place = sampledPlace(header);
  if (place === undefined) return;
  const subsegment = subsegmentOf(work);
  const { start_time, end_time, error, fault } = subsegment;
  send({
    name: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    id: newId(),
    trace_id: place.traceId,
    parent_id: place.parentId,
    ...{ start_time, end_time, error, fault },
    subsegments: [subsegment],
  });
}

/** Ids only: what people write to each other is in no segment. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html */
function subsegmentOf({ name, messageId, startedAt, outcome }: TracedWork) {
  return {
    name,
    id: newId(),
    start_time: startedAt / 1000,
    end_time: Date.now() / 1000,
    ...(outcome === 'refused' && { error: true }),
    ...(outcome === 'failed' && { fault: true }),
    annotations: { messageId },
  };
}

function isRefusal(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode < 500;
}

function newId(): string {
  return randomBytes(8).toString('hex');
}

let socket: Socket | undefined;

/**
 * Hands a document to the daemon beside the function, which takes them over UDP and never answers. Loaded when first
 * needed: most functions start, and end, without.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
 */
function send(document: object): void {
  const [host, port] = (process.env['AWS_XRAY_DAEMON_ADDRESS'] ?? '').split(':');
  if (!host || !port) return;
  socket ??= process.getBuiltinModule('node:dgram').createSocket('udp4').on('error', ignore).unref();
  socket.send(`{"format":"json","version":1}\n${JSON.stringify(document)}`, Number(port), host, ignore);
}

/** A trace that is lost is no reason for a message to be. */
function ignore(): void {}

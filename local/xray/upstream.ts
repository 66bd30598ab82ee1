import { readTraceHeader, type TraceHeader } from './trace-header.ts';

/** The traces an event came with: one that its invocation goes on with, or several that it is linked to. */
export type Upstream = { continues?: TraceHeader; links: TraceHeader[] };

type Event = {
  headers?: Record<string, unknown> | null;
  Records?: { attributes?: { AWSTraceHeader?: string } }[];
};

/**
 * Where the traces of an event come from: an HTTP request's header, or the queue's attribute of each message. Lambda goes
 * on with the first, and makes a new trace for a batch, linked to those of its messages:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html
 */
export function upstreamOf(event: unknown): Upstream {
  const { headers, Records } = (event ?? {}) as Event;
  const links = (Array.isArray(Records) ? Records : []).flatMap(
    ({ attributes }) => readTraceHeader(attributes?.AWSTraceHeader) ?? [],
  );
  const [, header] = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'x-amzn-trace-id') ?? [];
  const continues = typeof header === 'string' ? readTraceHeader(header) : undefined;
  return { links, ...(continues && { continues }) };
}

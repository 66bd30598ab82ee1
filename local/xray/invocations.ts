import type { Sampler } from './sampler.ts';
import { newSegmentId, newTraceId, readTraceHeader, writeTraceHeader } from './trace-header.ts';
import type { TraceStore } from './trace-store.ts';
import { upstreamOf } from './upstream.ts';

/** An invocation that begins. */
export type Beginning = {
  functionName: string;
  event: unknown;
  /** The trace header of whoever invoked the function directly. */
  caller?: string | undefined;
  /** Whether the function begins traces of its own; if not, it goes on with those of others only. */
  active: boolean;
};

/** One invocation in its trace. */
export type TracedInvocation = {
  /** What the function finds in `_X_AMZN_TRACE_ID`. */
  header: string;
  /** Tells Lambda's own segment, if the trace is kept. */
  end(outcome: { failed: boolean }): void;
};

/** Begins an invocation: in the trace it is a part of, or in a new one, which is kept when one that it is linked to is. */
export function beginInvocation(
  { functionName, event, caller, active }: Beginning,
  sampler: Sampler,
  store: TraceStore,
): TracedInvocation {
  const upstream = upstreamOf(event);
  const continues = readTraceHeader(caller) ?? upstream.continues;
  const links = upstream.links.filter(({ sampled }) => sampled);
  const sampled = continues?.sampled ?? (active && (links.length > 0 || sampler.keeps(functionName)));
  const root = continues?.root ?? newTraceId();
  const id = newSegmentId();
  const startedAt = Date.now();
  return {
    header: writeTraceHeader({ root, parent: id, sampled }),
    end({ failed }) {
      if (!sampled) return;
      store.record({
        trace_id: root,
        id,
        name: functionName,
        origin: 'AWS::Lambda::Function',
        ...(continues?.parent && { parent_id: continues.parent }),
        start_time: startedAt / 1000,
        end_time: Date.now() / 1000,
        ...(failed && { fault: true }),
        ...(links.length > 0 && { links: links.map((link) => ({ trace_id: link.root })) }),
      });
    },
  };
}

/** A segment document as it was sent: a service's work for a request, or, of type `subsegment`, a part of it. */
export type Segment = {
  trace_id: string;
  id: string;
  name: string;
  parent_id?: string;
  start_time: number;
  end_time?: number;
  fault?: boolean;
  error?: boolean;
  annotations?: Record<string, string | number | boolean>;
  subsegments?: Segment[];
  links?: { trace_id: string }[];
  [field: string]: unknown;
};

export type Trace = { traceId: string; segments: Segment[] };

/** So many traces are kept, the newest. X-Ray keeps them for 30 days. */
const keptTraces = 1_000;

/** So many segments a trace may have; what goes beyond is dropped, as past X-Ray's 500 KB. */
const segmentsPerTrace = 1_000;

/** What the functions told about their work, by trace. */
export class TraceStore {
  readonly #traces = new Map<string, Segment[]>();

  record(segment: Segment): void {
    const segments = this.#traces.get(segment.trace_id);
    if (segments && segments.length >= segmentsPerTrace) return;
    if (segments) segments.push(segment);
    else this.#traces.set(segment.trace_id, [segment]);
    for (const oldest of this.#traces.keys()) {
      if (this.#traces.size <= keptTraces) return;
      this.#traces.delete(oldest);
    }
  }

  /** The traces, the oldest first; of a message, those in which its id is an annotation. */
  list(messageId?: string): Trace[] {
    const traces = [...this.#traces].map(([traceId, segments]): Trace => ({ traceId, segments }));
    if (messageId === undefined) return traces;
    return traces.filter(({ segments }) => segments.some((segment) => isAnnotated(segment, messageId)));
  }

  reset(): void {
    this.#traces.clear();
  }
}

function isAnnotated({ annotations, subsegments = [] }: Segment, messageId: string): boolean {
  return annotations?.['messageId'] === messageId || subsegments.some((part) => isAnnotated(part, messageId));
}

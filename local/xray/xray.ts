import { startDaemon } from './daemon.ts';
import { beginInvocation, type Beginning, type TracedInvocation } from './invocations.ts';
import { Sampler } from './sampler.ts';
import { TraceStore } from './trace-store.ts';

/** What a function needs to be traced. */
export type Tracing = {
  /** UDP, as AWS_XRAY_DAEMON_ADDRESS has it. */
  daemonAddress: string;
  begin(invocation: Beginning): TracedInvocation;
};

/** X-Ray, as far as functions have to do with it: their traces, and who decides which are kept. */
export type XRay = Tracing & { store: TraceStore; sampler: Sampler; stop(): Promise<void> };

/** @param onError called for what X-Ray would not take */
export async function startXRay(onError: (error: unknown) => void): Promise<XRay> {
  const store = new TraceStore();
  const sampler = new Sampler();
  const daemon = await startDaemon(store, onError);
  return {
    store,
    sampler,
    daemonAddress: daemon.address,
    begin: (invocation) => beginInvocation(invocation, sampler, store),
    stop: () => daemon.stop(),
  };
}

import { setImmediate } from 'node:timers/promises';
import { serve } from '../harness/child.ts';
import type { Variant } from './variant.ts';

const { variant } = (await import(process.env['BUNDLE'] ?? '')) as { variant: Variant };

/** A message as a chat's usually are. */
const text = JSON.stringify({ chatId: 'chat', eventType: 'chat', content: 'x'.repeat(300), sequence: 1 });

function recipientsOf(connections: number): never {
  const ids = Array.from({ length: connections }, (_, index) => `L0SM9cOFvHcCIhw${index.toString(36)}=`);
  return variant.recipients(ids) as never;
}

const api = {
  /** Sends so many messages, one after another, and tells what that cost this process. */
  async run({ connections, messages }: { connections: number; messages: number }) {
    const recipients = recipientsOf(connections);
    await setImmediate();
    const usage = process.cpuUsage();
    const began = performance.now();
    for (let sent = 0; sent < messages; sent += 1) await variant.send(text, recipients);
    const wallMs = performance.now() - began;
    const { user, system } = process.cpuUsage(usage);
    return { wallMs, cpuMs: (user + system) / 1000, posts: connections * messages };
  },

  /**
   * Sends one message, and tells how many bytes were in use at most beside what there was before: `live` without what
   * only waits to be collected, `resident` as the system sees it.
   */
  async memory({ connections }: { connections: number }) {
    const recipients = recipientsOf(connections);
    collect();
    const before = { live: liveBytes(), resident: process.memoryUsage.rss() };
    const most = { ...before };
    const look = (): void => {
      most.resident = Math.max(most.resident, process.memoryUsage.rss());
      collect();
      most.live = Math.max(most.live, liveBytes());
    };
    const timer = setInterval(look, 10);
    const sent = variant.send(text, recipients);
    look();
    await sent;
    clearInterval(timer);
    return { live: most.live - before.live, resident: most.resident - before.resident };
  },
};

function collect(): void {
  globalThis.gc?.();
}

function liveBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export type PosterApi = typeof api;

serve(api);

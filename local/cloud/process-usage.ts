import { existsSync, readdirSync } from 'node:fs';

/** What the embedded cloud's process takes of the machine: bytes, and counts of what is open. */
export type ProcessUsage = {
  rss: number;
  /** Of the main thread; each function's environment has a heap of its own. */
  heapUsed: number;
  /** Files and sockets; absent where the system does not tell. */
  fileDescriptors?: number;
  webSockets: number;
  environments: number;
};

const fileDescriptors = '/proc/self/fd';

export function processUsage(open: Pick<ProcessUsage, 'webSockets' | 'environments'>): ProcessUsage {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    ...{ rss, heapUsed },
    ...(existsSync(fileDescriptors) && { fileDescriptors: readdirSync(fileDescriptors).length }),
    ...open,
  };
}

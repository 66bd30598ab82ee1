import { cpus, loadavg } from 'node:os';
import type { Bench, BenchContext, Result } from './result.ts';
import { round } from './statistics.ts';

/** A result with when and where it was measured. */
export interface Report extends Result {
  name: string;
  title: string;
  /** ISO 8601. */
  at: string;
  seconds: number;
  machine: Machine;
}

interface Machine {
  node: string;
  processors: string;
  /** How many processes wanted to run, on average over a minute. */
  loadBefore: number;
  loadAfter: number;
}

/** Runs a bench, and notes the circumstances. */
export async function reportOf({ name, title, run }: Bench, context: BenchContext): Promise<Report> {
  const at = new Date().toISOString();
  const loadBefore = load();
  const began = performance.now();
  const result = await run(context);
  const seconds = round((performance.now() - began) / 1000);
  const processors = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  return {
    name,
    title,
    at,
    seconds,
    machine: { node: process.version, processors, loadBefore, loadAfter: load() },
    ...result,
  };
}

function load(): number {
  return round(loadavg()[0] ?? NaN);
}

import type { Figures } from './figures.ts';

/** The words in which figures are told, on the screen as in lines. */
export function rateText({ messagesPerSecond }: Figures): string {
  return messagesPerSecond < 10 ? messagesPerSecond.toFixed(1) : numberText(messagesPerSecond);
}

export function latencyText({ latency }: Figures): string {
  if (!latency) return 'none';
  return `p50 ${numberText(latency.p50)} ms, p95 ${numberText(latency.p95)} ms, p99 ${numberText(latency.p99)} ms`;
}

export function queuesText({ queues }: Figures): string {
  return queues.length === 0 ? 'empty' : queues.map(({ name, depth }) => `${name} ${numberText(depth)}`).join(', ');
}

export function alarmsText({ alarms }: Figures): string {
  return alarms.length === 0 ? 'none' : alarms.join(', ');
}

export function numberText(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** As the clock on the wall has it. */
export function clockText({ now }: Figures): string {
  return new Date(now).toTimeString().slice(0, 8);
}

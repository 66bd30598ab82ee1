import { randomBytes } from 'node:crypto';

/** What travels from service to service: which trace this is, the segment that asks, and whether it is kept. */
export type TraceHeader = { root: string; parent?: string; sampled?: boolean };

/** Reads `Root=1-..;Parent=..;Sampled=1` (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader). */
export function readTraceHeader(text: string | undefined): TraceHeader | undefined {
  const fields = new Map<string, string>();
  for (const field of (text ?? '').split(';')) {
    const [name = '', value = ''] = field.trim().split('=');
    fields.set(name, value);
  }
  const root = fields.get('Root');
  if (root === undefined || !/^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(root)) return undefined;
  const parent = fields.get('Parent');
  const sampled = fields.get('Sampled');
  return {
    root,
    ...(parent && /^[0-9a-f]{16}$/.test(parent) && { parent }),
    ...((sampled === '0' || sampled === '1') && { sampled: sampled === '1' }),
  };
}

export function writeTraceHeader({ root, parent, sampled }: Required<TraceHeader>): string {
  return `Root=${root};Parent=${parent};Sampled=${sampled ? 1 : 0}`;
}

/** A new trace's id: its start in epoch seconds, and chance. */
export function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `1-${seconds.padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}

export function newSegmentId(): string {
  return randomBytes(8).toString('hex');
}

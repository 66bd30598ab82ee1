import { createSocket } from 'node:dgram';
import type { Segment, TraceStore } from './trace-store.ts';

export type Daemon = {
  /** `127.0.0.1:PORT`, UDP: AWS_XRAY_DAEMON_ADDRESS. */
  address: string;
  stop(): Promise<void>;
};

/** X-Ray takes documents of at most 64 KB (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html). */
const maxDocumentBytes = 64 * 1024;

/**
 * What runs beside every function on AWS: takes segment documents over UDP, each after a line that says its format.
 * @param onError called for a datagram that X-Ray would not take
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
 */
export async function startDaemon(store: TraceStore, onError: (error: unknown) => void): Promise<Daemon> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram) => {
    try {
      store.record(readDocument(datagram));
    } catch (error) {
      onError(error);
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: '127.0.0.1', port: 0, exclusive: true }, resolve);
  });
  socket.on('error', onError);
  return {
    address: `127.0.0.1:${socket.address().port}`,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readDocument(datagram: Buffer): Segment {
  const text = datagram.toString();
  const end = text.indexOf('\n');
  const { format, version } = JSON.parse(text.slice(0, end)) as { format?: unknown; version?: unknown };
  if (format !== 'json' || version !== 1) throw new Error(`A datagram for X-Ray begins with ${text.slice(0, end)}.`);
  if (datagram.length - end > maxDocumentBytes) throw new Error(`A segment of ${datagram.length} bytes is too large.`);
  const segment = JSON.parse(text.slice(end + 1)) as Segment;
  const complete = [segment.trace_id, segment.id, segment.name].every((field) => typeof field === 'string');
  if (!complete || typeof segment.start_time !== 'number') throw new Error('A segment lacks its ids, name or start.');
  if (segment['type'] === 'subsegment' && segment.parent_id === undefined) {
    throw new Error(`The subsegment ${segment.name} does not say what it is a part of.`);
  }
  return segment;
}

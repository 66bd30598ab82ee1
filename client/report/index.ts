import type { Client, Message } from '../index.ts';
import { ulidTime } from '../ulid.ts';

export interface ReportOptions {
  /** Share of the messages that are reported, 0 to 1. Each report is a frame, and costs as one. Default: 0.01. */
  sample?: number;
  /** A message that is older when it comes is not reported: it came out of history. Milliseconds; default: 60,000. */
  latestMs?: number;
  /** Numbers in [0, 1), to pick with. Default: Math.random. */
  random?: () => number;
}

/**
 * Tells the service when messages came, so that its operators see how late people get them. A message id and a time leave,
 * no more. Of messages that were sent while this client was not connected nothing is told.
 *
 * @returns ends it.
 */
export function reportReceipts(
  client: Pick<Client, 'on' | 'state' | 'tell' | 'serverTime'>,
  { sample = 0.01, latestMs = 60_000, random = Math.random }: ReportOptions = {},
): () => void {
  let connectedAt = client.state === 'connected' ? client.serverTime() : Infinity;
  const report = ({ messageId }: Message): void => {
    const receivedAt = client.serverTime();
    const sentAt = ulidTime(messageId);
    const live = sentAt >= connectedAt && receivedAt - sentAt <= latestMs;
    if (!live || random() >= sample) return;
    client.tell({ action: 'report', messageId, receivedAt: new Date(receivedAt).toISOString() });
  };
  const ends = [
    client.on('delivered', report),
    client.on('message', report),
    client.on('state', ({ state }) => (connectedAt = state === 'connected' ? client.serverTime() : Infinity)),
  ];
  return () => ends.forEach((end) => end());
}

import { plainTable } from '../../bench/harness/print.ts';
import { quantile } from '../../bench/harness/statistics.ts';
import type { Verdict } from './soak.ts';

const words = { rss: 'rss, MiB', heapUsed: 'heap, MiB', fileDescriptors: 'open files', webSockets: 'sockets' } as const;

/** A verdict for a terminal. */
export function summaryOf({ options, seconds, messages, deliveries, ...rest }: Verdict): string {
  const { done, permissions, struck, letters, slopes, breaches } = rest;
  const { given, received, waits } = deliveries;
  const strikes = [...struck].toSorted(([, one], [, other]) => other - one);
  return [
    plainTable({
      title: `${options.sockets} clients, ${options.faults} % of calls struck, ${seconds.traffic.toFixed(0)} s of traffic, ${seconds.recovery.toFixed(0)} s to recover and check`,
      columns: ['what', 'how much'],
      rows: [
        ['messages said', messages.said],
        ['messages accepted', messages.accepted],
        ['messages in history, announcements of parts included', messages.inHistory],
        ['deliveries', given],
        ['repeats that clients dropped', received - given],
        ['grants', permissions.granted],
        ['revocations', permissions.revoked],
        ['dead letters', letters.recorded],
        ['dead letters redriven', letters.redriven],
        ['faults struck', strikes.reduce((sum, [, count]) => sum + count, 0)],
        ...strikes.map(([kind, count]): [string, number] => [`faults: ${kind}`, count]),
        ...[0.5, 0.95, 0.99].map((share): [string, number] => [
          `ms to delivery, p${share * 100}`,
          quantile(waits, share),
        ]),
        ...[...done].map(([name, count]): [string, number] => [name, count]),
      ].map(([what, count]): [string, string] => [String(what), Math.round(Number(count)).toLocaleString('en-US')]),
    }),
    slopes.length === 0
      ? 'Too short to compare what the process takes of the machine.'
      : plainTable({
          title: 'The process of the embedded cloud, first third and last third of the traffic after its first fifth',
          columns: ['what', 'first', 'last', 'a minute', 'flat'],
          rows: slopes.map(({ measure, first, last, perMinute, flat }) => {
            const scale = measure === 'rss' || measure === 'heapUsed' ? 2 ** 20 : 1;
            const name = measure in words ? words[measure as keyof typeof words] : 'environments of functions';
            return [name, first / scale, last / scale, perMinute / scale, flat ? 'yes' : 'NO'];
          }),
        }),
    breaches.length === 0 ? 'Every promise held.' : `BROKEN:\n${breaches.join('\n')}`,
  ].join('\n\n');
}

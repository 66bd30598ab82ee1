import type { QueueName } from '../integration/redrive/dead-letter-queues.ts';
import { Operator } from '../integration/redrive/operator.ts';
import type { Outside } from '../setup/outside.ts';
import type { Outputs } from '../setup/outputs.ts';

const queues: QueueName[] = ['standard', 'fifo', 'delivery-retry', 'fan-out', 'permission-stream'];
/** A redriven message may fail again only if something is wrong for good. */
const rounds = 3;

export type Letters = { recorded: number; redriven: number; waiting: number };

/** Redrives every dead letter as an operator would, by GraphQL, until none waits; discards those that only name records of a stream. */
export async function redriveAll(outputs: Outputs, outside: Outside): Promise<Letters> {
  const operator = new Operator(outputs);
  let redriven = 0;
  let waiting = 0;
  for (let round = 0; round < rounds; round += 1) {
    waiting = 0;
    for (const queue of queues) {
      const here = (await operator.waiting(queue)) ?? 0;
      if (here === 0) continue;
      const order =
        queue === 'permission-stream' ? { mode: 'discard' } : { mode: 'redrive', includeRevokedSenders: true };
      const ended = await operator.carryOut({ queue, ...order });
      redriven += ended.redriven;
      waiting += here - ended.redriven - ended.discarded;
    }
    if (waiting === 0) break;
  }
  const letters = await Promise.all(queues.map((queue) => outside.letters(queue)));
  return { recorded: letters.flat().length, redriven, waiting };
}

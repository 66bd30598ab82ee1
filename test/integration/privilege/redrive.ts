import { startWorkflow } from '../../setup/executions.ts';
import { personNamed } from '../../setup/sign-in.ts';
import type { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues, type Letter, type QueueName } from '../redrive/dead-letter-queues.ts';
import { Operator } from '../redrive/operator.ts';
import { deadMessage } from '../redrive/stock.ts';

/** Longer than an execution of the `test` environment lives: 5 s. */
const secondsOfALongRedrive = 8;

/** A letter of each queue, as whoever fills it leaves them. */
function lettersOf(chatId: string, senderId: string): [QueueName, Letter][] {
  const undelivered = { chatId, subscriber: `00#${senderId}#gone`, connectionId: 'gone', frames: ['{}'] };
  return [
    ['standard', deadMessage('standard', { chatId, senderId, content: 'standard' })],
    ['fifo', deadMessage('fifo', { chatId, senderId, content: 'fifo' })],
    ['delivery-retry', { body: JSON.stringify(undelivered) }],
    ['fan-out', { body: JSON.stringify({ chatId, slot: 0, frames: ['{}'], ordered: true }), groupId: 'slot' }],
    ['permission-stream', { body: 'a note' }],
  ];
}

/** Dead letters of every queue, recorded with a failure in between, planned, redriven, given up; redrives that are refused or lost. */
export async function redriveEverything(stage: Stage): Promise<void> {
  const { outputs } = stage.cloud;
  const operator = new Operator(outputs);
  const queues = new DeadLetterQueues(outputs);
  const chatId = 'privilege-redriven';
  const senderId = personNamed(outputs, 'bob').userId;
  await stage.outside.grant(chatId, ['bob']);

  const failure = { error: 'AccessDeniedException', statusCode: 400 };
  await stage.edge.break({ service: 'dynamodb', role: 'dead-letter-recorder', times: 4, fault: failure });
  const letters = lettersOf(chatId, senderId);
  for (const [queue, letter] of letters) await queues.put(queue, [letter]);
  for (const [queue, { body }] of letters) {
    await until(`the letter of ${queue}`, async () =>
      (await stage.outside.letters(queue)).some((row) => row['body'] === body),
    );
  }
  await stage.edge.mend();

  await operator.plan({ queue: 'standard', mode: 'redrive' });
  for (const [queue] of letters) {
    const mode = queue === 'permission-stream' ? 'discard' : 'redrive';
    const redrive = await operator.carryOut({ queue, mode });
    if (redrive.status !== 'completed') throw new Error(`The redrive of ${queue} is ${redrive.status}`);
    await operator.askToCancel(redrive.redriveId);
  }

  const more = Array.from({ length: secondsOfALongRedrive }, (_none, content) =>
    deadMessage('standard', { chatId, senderId, content }),
  );
  await queues.put('standard', more);
  await until('more letters', async () => Number(await operator.waiting('standard')) >= more.length);
  // Nobody starts it but redrive-watch, once its lease has run out.
  await stage.edge.break({ service: 'states', role: 'redrive-control', fault: failure });
  const redrive = await operator.start({ queue: 'standard', mode: 'redrive', maxPerSecond: 1 });
  await operator.askToStart({ queue: 'standard', mode: 'redrive' });
  await stage.edge.mend();
  await until('the watch to start it', async () => {
    await startWorkflow(outputs, 'redrive-watch', {});
    return (await operator.redrive(redrive.redriveId)).redriven > 0;
  });
  await operator.ended(redrive);
  queues.close();
}

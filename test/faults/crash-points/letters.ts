import type { DeadLetterQueues, QueueName } from '../../integration/redrive/dead-letter-queues.ts';
import type { FaultRule } from '../../setup/edge-control.ts';
import type { Scenario, Trial, World } from './scenario.ts';

const recorder = { role: 'dead-letter-recorder', times: 1 };
const failed = { error: 'AccessDeniedException', statusCode: 400 };
const lettersEach = 4;

/** By operators' names, the queues as the template names them. */
const deadLetters = { standard: 'MessagingStandardDeadLetters', fifo: 'MessagingFifoDeadLetters' } as const;

/** The last one is for nobody to redrive, and waits for nobody. */
const attributesOf = (index: number): Record<string, string> => ({
  reason: index === lettersEach - 1 ? 'conflict: messageId is already used' : 'why',
  stage: 'commit',
});

/** Recording dead letters: each once, and on FIFO in order. */
export function recording(world: World, queues: DeadLetterQueues): Scenario[] {
  const arriving = (
    queue: keyof typeof deadLetters & QueueName,
    of: string,
    more: { besides?: (about: string) => FaultRule[]; only?: string[] } = {},
  ): Scenario => ({
    role: 'dead-letter-recorder',
    of: `${queue}, ${of}`,
    atOnce: 1,
    ...(more.only && { only: more.only }),
    arrange: async (chatIds) =>
      chatIds.map((chatId): Trial => {
        const bodies = Array.from({ length: lettersEach }, (_none, index) => `${chatId} letter ${index}`);
        return {
          about: chatId,
          besides: more.besides?.(chatId) ?? [],
          give: () =>
            queues.put(
              queue,
              bodies.map((body, index) => ({ body, groupId: chatId, attributes: attributesOf(index) })),
            ),
          over: () => world.stage.outside.recorded(deadLetters[queue]),
          async breaches() {
            const rows = (await world.stage.outside.letters(queue)).filter(({ body }) =>
              String(body).startsWith(chatId),
            );
            const found = rows.map(({ body }) => String(body));
            const recorded = queue === 'fifo' ? found : found.toSorted();
            const waiting = rows.filter(({ waitingIn }) => waitingIn === queue).length;
            return [
              ...(recorded.join() === bodies.join() ? [] : [`recorded: ${found.join(', ')}`]),
              ...(waiting === lettersEach - 1 ? [] : [`${waiting} of them wait`]),
            ];
          },
        };
      }),
  });

  /** Enough failures that the letters, tried one by one, all fail as well. */
  const inVain = (about: string): FaultRule[] => [
    { ...recorder, service: 'dynamodb', action: 'TransactWriteItems', times: lettersEach + 1, about, fault: failed },
  ];
  return (['standard', 'fifo'] as const).flatMap((queue) => [
    { ...arriving(queue, 'four at once'), queued: true as const },
    arriving(queue, 'none can be recorded', { besides: inVain, only: ['ChangeMessageVisibilityBatch'] }),
  ]);
}

/** The count of a queue's letters is that of the letters there are. */
export async function countBreaches({ stage, tables }: World): Promise<string[]> {
  const breaches: string[] = [];
  for (const queue of Object.keys(deadLetters)) {
    const letters = (await stage.outside.letters(queue)).filter(({ waitingIn }) => waitingIn !== undefined);
    const rows = await tables.rows('DeadLetters', 'queue', queue);
    const counted = Number(rows.find(({ arrival }) => arrival === '#waiting')?.['waiting'] ?? 0);
    if (counted !== letters.length) breaches.push(`${queue} counts ${counted} letters and has ${letters.length}`);
  }
  return breaches;
}

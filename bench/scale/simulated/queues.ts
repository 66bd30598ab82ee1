import type * as real from '../../../functions/platform/queues.ts';

export const callBytes: typeof real.callBytes = 250_000;

export const sendMessages: typeof real.sendMessages = async (queueUrl, messages) => {
  await world.aws.sendMessages(queueUrl, messages);
  return [];
};

/** The simulated queue lets what is left come again by itself. */
export const changeVisibility: typeof real.changeVisibility = async () => undefined;

import type { EdgeControl } from '../setup/edge-control.ts';
import type { Outside } from '../setup/outside.ts';
import { until } from '../setup/until.ts';

/** A record is given up at its third receive, each of which may end with its time out of sight. */
const givenUpMs = 120_000;

/**
 * The processor cannot read or write what is about a chat, until something of it is given up. Then there are dead letters to redrive,
 * which faults of a few per cent bring about too seldom.
 */
export async function outageOf(chatId: string, edge: EdgeControl, outside: Outside): Promise<void> {
  const fault = { error: 'InternalServerError', statusCode: 500 };
  const rule = await edge.break({ role: 'message-processor', service: 'dynamodb', about: chatId, fault });
  const isGivenUp = async (): Promise<boolean> => {
    const letters = [...(await outside.letters('standard')), ...(await outside.letters('fifo'))];
    return letters.some((letter) => letter['chatId'] === chatId);
  };
  await until(`a dead letter of ${chatId}`, isGivenUp, givenUpMs);
  await edge.repair(rule);
}

import { setTimeout as sleep } from 'node:timers/promises';

const widestMs = 400;
const narrowestMs = 80;
const narrowing = 0.85;

/**
 * Waits before asking again for a row that many ask for at once, as processors do for the group whose parts they all
 * have: DynamoDB refuses every transaction that meets another one. Waits start wide, so that as many as there are
 * processors find room, and get shorter: whoever has lost most comes back soonest. Waits that grow would do the opposite,
 * and let newcomers overtake until the oldest gives up.
 *
 * @param losses how often the row went to another: 0 before the second try.
 */
export async function awaitTurn(losses: number): Promise<void> {
  await sleep(Math.random() * Math.max(narrowestMs, widestMs * narrowing ** losses));
}

import { fullJitter } from '../../client/backoff.ts';
import { settingsFrom } from '../../client/options.ts';
import { quantile } from '../harness/statistics.ts';
import { TokenBucket } from './account.ts';
import { seededRandom } from './events.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * New connections that API Gateway takes of one account and region; how many may come at once it does not say.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 */
export const newConnections = { perSecond: 500, burst: 500 };

/** What one try takes, in milliseconds, whether it succeeds or not. */
const tryMs = 100;

/** The pause before a client's next try, in milliseconds; `attempt` is 0 before the first one. */
export type Pausing = (attempt: number, random: () => number) => number;

const { backoff } = settingsFrom({ url: '', token: async () => '' });

/** What clients do when their socket is gone. */
export const pausings: Record<string, Pausing> = {
  'this client: full jitter': (attempt, random) => fullJitter(attempt, { random, backoff }),
  'doubling, no jitter': (attempt) => Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, 30)),
  'every second': () => 1_000,
};

/** How clients came back, in seconds and tries. */
export interface Return {
  half: number;
  most: number;
  all: number;
  triesPerClient: number;
  busiestSecond: number;
  everybody: boolean;
}

/** Takes all connections away at once, and lets clients come back. */
export async function simulateReconnects(clients: number, pausing: Pausing): Promise<Return> {
  const clock = new VirtualClock();
  const gate = new TokenBucket(newConnections, clock.now);
  const tries = new Map<number, number>();
  const backAt: number[] = [];
  const client = async (index: number): Promise<void> => {
    const random = seededRandom(index + 1);
    for (let attempt = 0; ; attempt += 1) {
      await clock.sleep(pausing(attempt, random));
      const second = Math.floor(clock.now() / 1000);
      tries.set(second, (tries.get(second) ?? 0) + 1);
      const admitted = gate.take();
      await clock.sleep(tryMs);
      if (!admitted) continue;
      backAt.push(clock.now() / 1000);
      return;
    }
  };
  await clock.pass(Promise.all(Array.from({ length: clients }, (_, index) => client(index))));
  return {
    half: quantile(backAt, 0.5),
    most: quantile(backAt, 0.99),
    all: quantile(backAt, 1),
    triesPerClient: [...tries.values()].reduce((sum, count) => sum + count, 0) / clients,
    busiestSecond: Math.max(...tries.values()),
    everybody: backAt.length === clients,
  };
}

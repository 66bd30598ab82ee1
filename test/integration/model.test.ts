import fc from 'fast-check';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl, type FaultRule } from '../setup/edge-control.ts';
import { Outside } from '../setup/outside.ts';
import { until } from '../setup/until.ts';
import { Api } from './graphql/api.ts';
import { ChatRun, type World } from './model/chat-run.ts';
import { type Model, storyWith } from './model/commands.ts';
import { slowFaults, swiftFaults } from './model/faults.ts';
import { Queues } from './model/queues.ts';

/**
 * Each seed tells stories of its own; the same stories every time, though not at the same pace. To go further:
 * `MODEL_SEED=random` or `MODEL_SEED=7,8,9` for other stories, `MODEL_RUNS` for more of each seed.
 */
const { MODEL_SEED = '1,2,3', MODEL_RUNS = '3' } = process.env;
const seeds =
  MODEL_SEED === 'random'
    ? Array.from({ length: 3 }, () => Math.floor(Math.random() * 2 ** 31))
    : MODEL_SEED.split(',').map(Number);
const runsPerSeed = Number(MODEL_RUNS);

describe('chats with many senders, lost sockets, repeated and reordered records, and faults at any AWS call', () => {
  let cloud: Cloud;
  let world: World;
  const ended: ChatRun[] = [];

  beforeAll(async () => {
    cloud = await startCloud({ arguments: ['--duplicates', '0.2'] });
    const { outputs } = cloud;
    world = {
      api: new Api(outputs),
      edge: new EdgeControl(outputs),
      outside: new Outside(outputs),
      queues: await Queues.open(outputs),
    };
  }, 60_000);

  afterAll(async () => {
    await world?.queues.close();
    world?.outside.close();
    await cloud?.stop();
  });

  /** Tells a seed's stories one after another, each in a chat of its own. */
  async function tell(name: string, seed: number, faults: fc.Arbitrary<FaultRule>, numRuns: number): Promise<void> {
    let run = 0;
    const property = fc.asyncProperty(storyWith(faults), async (story) => {
      const chat = new ChatRun(world, `${name}-${seed}-${run++}`);
      await chat.begin();
      try {
        const model: Model = {};
        await fc.asyncModelRun(() => ({ model, real: chat }), story);
        await chat.verify();
        ended.push(chat);
      } finally {
        await chat.end();
      }
    });
    // A story that fails has waited long for the system to recover; shorter ones would each wait again.
    await fc.assert(property, { seed, numRuns, endOnFailure: true });
  }

  test(
    `history has no gap and each message once, and every listener has what history has (seeds ${seeds.join(', ')})`,
    async () => {
      const told = await Promise.allSettled(
        seeds.flatMap((seed) => [
          tell('swift', seed, swiftFaults, runsPerSeed),
          tell('slow', seed, slowFaults, Math.ceil(runsPerSeed / 3)),
        ]),
      );
      for (const story of told) if (story.status === 'rejected') throw story.reason;

      // Repeats that were still under way when a story ended have changed nothing either.
      await world.edge.mend();
      await until('the queues to be empty', () => world.queues.areEmpty(), 90_000);
      expect((await Promise.all(ended.map((chat) => chat.breaches()))).flat()).toEqual([]);
    },
    120_000 + runsPerSeed * 120_000,
  );
});

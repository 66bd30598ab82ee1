import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { leftBehind } from '../faults/crash-points/left-behind.ts';
import { WorkQueues } from '../faults/crash-points/work-queues.ts';
import { Forger } from '../integration/contract/forged-tokens.ts';
import { ChatRun, type World } from '../integration/model/chat-run.ts';
import { Queues } from '../integration/model/queues.ts';
import { assemblyWith } from '../setup/altered-assembly.ts';
import { Outside } from '../setup/outside.ts';
import { signIn } from '../setup/sign-in.ts';
import { Stage } from '../setup/stage.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { CrowdApi, roomsFor, withPeople } from './crowd.ts';
import { faultRules } from './faults.ts';
import { Guest } from './guests.ts';
import { type Letters, redriveAll } from './letters.ts';
import type { SoakOptions } from './options.ts';
import { outageOf } from './outage.ts';
import { type LiveRoom, Traffic } from './traffic.ts';
import { type Slope, Watch } from './watch.ts';

/** How long the system has to recover from what befell it, once nothing befalls it any more. */
const recoveryMs = 180_000;

export type Verdict = {
  options: SoakOptions;
  seconds: { traffic: number; recovery: number };
  done: ReadonlyMap<string, number>;
  messages: { said: number; accepted: number; inHistory: number };
  deliveries: { given: number; received: number; waits: number[] };
  permissions: { granted: number; revoked: number };
  /** By kind. */
  struck: ReadonlyMap<string, number>;
  letters: Letters;
  slopes: Slope[];
  /** What is not as it must be; nothing when all is well. */
  breaches: string[];
};

/**
 * Lets a crowd use the embedded cloud for some minutes while calls of the functions fail, then lets it recover by itself, has the dead letters
 * redriven, and looks whether every promise held.
 *
 * @param tell takes a line of progress.
 */
export async function soak(options: SoakOptions, tell: (line: string) => void): Promise<Verdict> {
  // A group of parts waits for one whose processor died longer than the short deadline of tests.
  const assembly = assemblyWith({ MULTI_PART_DEADLINE_SECONDS: '600' });
  const stage = await Stage.start({ duplicates: 0.02, arguments: ['--assembly', assembly] });
  const run = await Run.prepare(stage, options, tell);
  try {
    return await run.carryOut();
  } finally {
    await run.close();
    rmSync(assembly, { recursive: true, force: true });
  }
}

class Run {
  readonly #stage: Stage;
  readonly #options: SoakOptions;
  readonly #tell: (line: string) => void;
  readonly #tables: Tables;
  readonly #world: World;
  readonly #rooms: LiveRoom[];
  readonly #guests: Guest[];
  readonly #watch: Watch;

  private constructor(
    stage: Stage,
    options: SoakOptions,
    tell: (line: string) => void,
    world: World,
    tables: Tables,
    rooms: LiveRoom[],
  ) {
    this.#stage = stage;
    this.#options = options;
    this.#tell = tell;
    this.#world = world;
    this.#tables = tables;
    this.#rooms = rooms;
    this.#guests = rooms.flatMap(({ chatId }, room) => [
      new Guest(world.api, tables, `g-${room}`, chatId, true),
      new Guest(world.api, tables, `s-${room}`, chatId, false),
    ]);
    this.#watch = new Watch(stage.edge);
  }

  static async prepare(stage: Stage, options: SoakOptions, tell: (line: string) => void): Promise<Run> {
    const rooms = roomsFor(options.sockets);
    const names = rooms.flatMap(({ people: { members, viewers, posters } }, room) => [
      ...members,
      ...viewers,
      ...posters,
      ...[`g-${room}`, `s-${room}`],
    ]);
    const known = stage.cloud.outputs;
    const outputs = withPeople(known, names);
    const forger = Forger.of(stage.cloud, 'bob', (await signIn(known, 'bob')).accessToken);
    const world: World = {
      api: new CrowdApi(
        outputs,
        known.users.map(({ username }) => username),
        forger,
      ),
      edge: stage.edge,
      outside: new Outside(outputs),
      queues: await Queues.open(outputs),
    };
    // A crowd's heartbeats would be most of the traffic if they came as often as in other tests, and so would its impatience.
    const settings = {
      ...{ heartbeatMs: 20_000, pongTimeoutMs: 20_000, replyTimeoutMs: 20_000, connectTimeoutMs: 30_000 },
      backoff: { baseMs: 500, capMs: 5_000 },
    };
    const live = rooms.map((room) => ({ ...room, chat: new ChatRun(world, room.chatId, room.people, settings) }));
    return new Run(stage, options, tell, world, await Tables.of(known), live);
  }

  async carryOut(): Promise<Verdict> {
    // One room after the other: hundreds of clients at once would give up and try again before their turn has come.
    for (const { chat } of this.#rooms) await chat.begin();
    this.#tell(`${this.#options.sockets} clients are connected, in ${this.#rooms.length} chats`);
    const traffic = new Traffic(this.#rooms);
    const began = Date.now();
    const struck = await this.#disturbed(traffic);
    const trafficEnded = Date.now();
    this.#tell('the traffic has ended, nothing fails any more; waiting for all to recover');
    const letters = await this.#redriven();
    const breaches = [...(await this.#breaches()), ...(await this.#leftBehind())];
    if (letters.waiting > 0) breaches.push(`${letters.waiting} dead letters could not be redriven`);
    const said = this.#rooms.flatMap(({ chat }) => chat.said);
    const listeners = this.#rooms.flatMap(({ chat }) => chat.listeners);
    const slopes = this.#watch.slopes();
    for (const { measure, flat } of slopes) if (!flat) breaches.push(`${measure} grows`);
    return {
      options: this.#options,
      seconds: { traffic: (trafficEnded - began) / 1000, recovery: (Date.now() - trafficEnded) / 1000 },
      done: traffic.done,
      messages: {
        said: said.length,
        accepted: said.filter(({ accepted }) => accepted).length,
        inHistory: await this.#inHistory(),
      },
      deliveries: {
        given: listeners.reduce((sum, { lives }) => sum + lives.flat().length, 0),
        received: listeners.reduce((sum, { received }) => sum + received, 0),
        waits: listeners.flatMap(({ waits }) => waits),
      },
      permissions: {
        granted: this.#guests.reduce((sum, { granted }) => sum + granted, 0),
        revoked: this.#guests.reduce((sum, { revoked }) => sum + revoked, 0),
      },
      ...{ struck, letters, slopes, breaches },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#rooms.map(({ chat }) => chat.end()));
    await this.#world.queues.close();
    this.#world.outside.close();
    this.#tables.close();
    await this.#stage.close();
  }

  /** The traffic, with faults. Gives how often each kind of fault struck. */
  async #disturbed(traffic: Traffic): Promise<Map<string, number>> {
    const { edge } = this.#stage;
    const rules = faultRules(this.#options.faults);
    const kindOf = new Map<string, string>();
    for (const { kind, rule } of rules) kindOf.set((await edge.break(rule)).id, kind);
    const time = AbortSignal.timeout(this.#options.minutes * 60_000);
    const [first] = this.#rooms;
    await Promise.all([
      first && outageOf(first.chatId, edge, this.#world.outside),
      traffic.run(time),
      this.#watch.run(time),
      this.#report(time),
      ...this.#guests.map((guest) => guest.run(time)),
    ]);
    const struck = new Map<string, number>();
    for (const fault of await edge.faults()) {
      const kind = kindOf.get(fault.id) ?? '';
      struck.set(kind, (struck.get(kind) ?? 0) + fault.struck);
    }
    await edge.mend();
    return struck;
  }

  async #report(stop: AbortSignal): Promise<void> {
    const began = Date.now();
    for (;;) {
      await delay(process.stdout.isTTY ? 2_000 : 10_000, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
      const said = this.#rooms.reduce((sum, { chat }) => sum + chat.said.length, 0);
      const unanswered = this.#rooms.reduce((sum, { chat }) => sum + chat.unanswered, 0);
      const given = this.#rooms.flatMap(({ chat }) => chat.listeners).reduce((sum, { waits }) => sum + waits.length, 0);
      const { rss = 0, heapUsed = 0, fileDescriptors = 0, environments = 0 } = this.#watch.latest ?? {};
      const seconds = ((Date.now() - began) / 1000).toFixed(0);
      this.#tell(
        `${seconds} s: ${said} messages said, ${unanswered} unanswered, ${given} delivered; rss ${mebibytes(rss)}, heap ${mebibytes(heapUsed)}, ` +
          `${fileDescriptors} files, ${environments} environments`,
      );
    }
  }

  /** What was given up while calls failed goes its way again, as soon as nothing is on its way any more. */
  async #redriven(): Promise<Letters> {
    await Promise.all(this.#rooms.map(({ chat }) => chat.answered()));
    const queues = new WorkQueues(this.#stage.cloud.outputs);
    await until('the queues to be empty', async () => (await queues.left()).length === 0, recoveryMs).catch(
      () => undefined,
    );
    queues.close();
    return redriveAll(this.#stage.cloud.outputs, this.#world.outside);
  }

  async #breaches(): Promise<string[]> {
    const found: string[] = [];
    for (const { chat } of this.#rooms) {
      await chat.verify(recoveryMs).catch((error: Error) => found.push(error.message.slice(0, 5_000)));
      found.push(...(await this.#unannounced(chat)));
    }
    await Promise.all(this.#guests.map((guest) => guest.leave()));
    return [...found, ...this.#guests.flatMap(({ surprises }) => surprises)];
  }

  /** Groups of parts that are complete, and not announced once. */
  async #unannounced({ chatId }: ChatRun): Promise<string[]> {
    const announced = new Map<string, number>();
    const parts = new Map<string, { total: number; numbers: Set<number> }>();
    for (const { eventType, payload } of await this.#world.outside.history(chatId)) {
      const { content, multiPartMetadata } = JSON.parse(String(payload)) as {
        content: { groupId?: string };
        multiPartMetadata?: { groupId: string; totalParts: number; partNumber: number };
      };
      if (eventType === 'multipart.completed') {
        announced.set(content.groupId ?? '', (announced.get(content.groupId ?? '') ?? 0) + 1);
      } else if (multiPartMetadata) {
        const { groupId, totalParts, partNumber } = multiPartMetadata;
        const group = parts.get(groupId) ?? { total: totalParts, numbers: new Set() };
        parts.set(groupId, group);
        group.numbers.add(partNumber);
      }
    }
    return [...parts]
      .filter(([groupId, { total, numbers }]) => numbers.size === total && announced.get(groupId) !== 1)
      .map(([groupId]) => `${groupId} of ${chatId} was announced ${announced.get(groupId) ?? 0} times`);
  }

  async #leftBehind(): Promise<string[]> {
    const stage = this.#stage;
    const queues = new WorkQueues(stage.cloud.outputs);
    let left: string[] = [];
    const isClean = async (): Promise<boolean> =>
      (left = await leftBehind({ ...this.#world, stage, tables: this.#tables }, queues)).length === 0;
    await until('nothing to be left', isClean, 60_000).catch(() => undefined);
    queues.close();
    return left;
  }

  async #inHistory(): Promise<number> {
    const histories = await Promise.all(this.#rooms.map(({ chatId }) => this.#world.outside.history(chatId)));
    return histories.flat().length;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

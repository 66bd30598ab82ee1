import { rmSync } from 'node:fs';
import { assemblyWith } from '../../setup/altered-assembly.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { Queues } from '../model/queues.ts';
import { type Announced, announcementsIn, kinds, PartGroup, type PartRecord, publishAll } from './part-group.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const random = generator(seed);
const chats = ['parts-a', 'parts-b', 'parts-c', 'parts-d'];
const senders = ['sender-1', 'sender-2', 'sender-3'];
const sizes = [200, 150, 100, 60, 50, 1, 1, 1, ...Array.from({ length: 42 }, () => 2 + Math.floor(random() * 18))];

/** Numbers from 0 up to 1, the same ones for the same seed. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('Nothing to pick from');
  return item;
}

describe(`50 groups of 1 to 200 parts, interleaved, every part one to three times, every execution run one to three times (SEED=${seed})`, () => {
  const groups = sizes.map(
    (totalParts, index) =>
      new PartGroup({
        totalParts,
        chatId: pick(chats, index),
        groupId: `group ${index}`,
        senderId: pick(senders, index),
        kind: pick(kinds, Math.floor(index / 2)),
      }),
  );
  // The groups' short deadline would pass between two parts of a group when so many come at once.
  const assembly = assemblyWith({ MULTI_PART_DEADLINE_SECONDS: '600' });
  let stage: Stage;
  let queues: Queues;
  const histories = new Map<string, Awaited<ReturnType<Stage['outside']['history']>>>();

  beforeAll(async () => {
    stage = await Stage.start({ duplicates: 0.2, arguments: ['--assembly', assembly] });
    queues = await Queues.open(stage.cloud.outputs);
    const start = { service: 'states', action: 'StartExecution', role: 'message-processor' };
    for (let rule = 0; rule < 2; rule += 1)
      await stage.edge.break({ ...start, probability: 0.5, fault: { repeat: 1 } });

    const parts = groups.flatMap((group) => group.records());
    const copies = parts.flatMap(
      (part): PartRecord[] => Array(1 + Math.floor(random() * 3)).fill(part) as PartRecord[],
    );
    await publishAll(stage.outside, shuffled(copies));
    await until('an announcement of each group', async () => (await announced()).length >= groups.length, 180_000);
    await until('all that was published to be processed', () => queues.areEmpty(), 180_000);
    await until('every execution to have looked at its group', async () => (await looks()) >= (await runs()), 60_000);
    await until('what those announced to be processed', () => queues.areEmpty(), 60_000);
    for (const chat of chats) histories.set(chat, await stage.outside.history(chat));
  }, 500_000);

  afterAll(async () => {
    await queues.close();
    await stage.close();
    rmSync(assembly, { recursive: true, force: true });
  }, 60_000);

  async function announced(): Promise<Announced[]> {
    return (await Promise.all(chats.map((chat) => stage.outside.history(chat)))).flatMap(announcementsIn);
  }

  const looks = (): Promise<number> => stage.edge.count('multipart-completion', 'GetItem');

  async function runs(): Promise<number> {
    const repeats = (await stage.edge.faults()).reduce((sum, { struck }) => sum + struck, 0);
    return (await stage.edge.count('message-processor', 'StartExecution')) + repeats;
  }

  test('history has exactly one completion of each group, with the ids of its parts in part order', () => {
    const completions = [...histories].flatMap(([chatId, history]) =>
      announcementsIn(history).map(({ eventType, content, senderId }) => ({ chatId, eventType, content, senderId })),
    );
    const byName = (a: { content: Record<string, unknown> }, b: { content: Record<string, unknown> }): number =>
      String(a.content['groupId']).localeCompare(String(b.content['groupId']));
    expect(completions.sort(byName)).toEqual(
      groups
        .map(({ chatId, groupId, totalParts, messageIds, senderId }) => ({
          chatId,
          eventType: 'multipart.completed',
          content: { groupId, totalParts, messageIds },
          senderId,
        }))
        .sort(byName),
    );
  });

  test('every part is in history once, and is counted once', async () => {
    const tables = await Tables.of(stage.cloud.outputs);
    for (const group of groups) {
      const held = histories.get(group.chatId)?.map(({ messageId }) => messageId) ?? [];
      expect(held.filter((messageId) => group.messageIds.includes(String(messageId))).sort()).toEqual(
        [...group.messageIds].sort(),
      );
      const rows = await tables.rows('MultiPart', 'group', `${group.chatId}#${group.groupId}`);
      const [row] = rows.filter(({ item }) => item === 'group');
      expect(row).toMatchObject({ status: 'completed', received: group.totalParts });
      expect(row).not.toHaveProperty('openShard');
      expect(rows).toHaveLength(group.totalParts + 1);
    }
    tables.close();
  });

  test('numbers have no gap, and a numbered completion comes after its parts', () => {
    for (const [chatId, history] of histories) {
      const numbers = history.flatMap(({ sequence }) => (sequence === undefined ? [] : [Number(sequence)]));
      expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
      const numberOf = new Map(history.map(({ messageId, sequence }) => [String(messageId), Number(sequence)]));
      for (const group of groups.filter((each) => each.chatId === chatId && each.kind === 'numbered')) {
        const completion = announcementsIn(history).find(({ content }) => content['groupId'] === group.groupId);
        const last = Math.max(...group.messageIds.map((messageId) => numberOf.get(messageId) ?? Infinity));
        expect(completion?.sequence).toBeGreaterThan(last);
      }
    }
  });

  test('nothing was given up, and nobody was told of a refusal', async () => {
    for (const lane of ['Standard', 'Fifo'] as const) expect(await stage.outside.deadLetters(lane)).toEqual([]);
    for (const sender of senders) expect(await stage.outside.history(sender)).toEqual([]);
  });

  test('the executions were many more than the groups', async () => {
    expect(await runs()).toBeGreaterThan(2 * groups.length);
  });
});

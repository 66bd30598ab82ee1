import { ulid } from 'ulid';
import { personNamed } from '../../setup/sign-in.ts';
import type { Frame, TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { Tables } from '../../setup/tables.ts';
import { until } from '../../setup/until.ts';
import { kinds, PartGroup, type PartRecord, publishAll } from './part-group.ts';

/**
 * Parts that contradict each other and leave their publishers at the same moment, when nothing is registered that a publisher could have
 * seen: the commit decides. Contradictions that come one after the other are refused by the publishers: ../contract/parts.test.ts.
 */
describe('parts that contradict each other, racing', () => {
  const chatId = 'contradicting';
  const reasons = ['totalParts', 'sender', 'partNumber'] as const;
  const rounds = 4;
  let stage: Stage;
  let tables: Tables;
  const sockets = new Map<string, TestSocket>();

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    for (const name of ['bob', 'carol']) sockets.set(name, await stage.listen(name, chatId));
  }, 60_000);

  afterAll(async () => {
    tables.close();
    await stage.close();
  });

  const userIdOf = (name: string): string => personNamed(stage.cloud.outputs, name).userId;

  /** Two parts of a new group that cannot both stand, and who sent them. */
  function rivals(groupId: string, kind: (typeof kinds)[number], reason: (typeof reasons)[number]) {
    const said = { chatId, groupId, kind, totalParts: 3, senderId: userIdOf('bob') };
    const first = new PartGroup(said);
    const second = new PartGroup({
      ...said,
      ...(reason === 'totalParts' && { totalParts: 4 }),
      ...(reason === 'sender' && { senderId: userIdOf('carol') }),
    });
    const partNumber = reason === 'partNumber' ? 1 : 2;
    return [
      { sender: 'bob', totalParts: first.totalParts, record: first.record(1, ulid()) },
      {
        sender: reason === 'sender' ? 'carol' : 'bob',
        totalParts: second.totalParts,
        record: second.record(partNumber, ulid()),
      },
    ];
  }

  const idOf = ({ body }: PartRecord): string => (JSON.parse(body) as { messageId: string }).messageId;

  const cases = kinds.flatMap((kind) => reasons.map((reason) => [reason, kind] as const));
  test.each(cases)(
    '%s, %s: one of the two stands, the other is refused, and its sender told',
    async (reason, kind) => {
      for (let round = 0; round < rounds; round += 1) {
        const groupId = `${reason} ${kind} ${round}`;
        const both = rivals(groupId, kind, reason);
        await Promise.all(both.map(({ record }) => publishAll(stage.outside, [record])));

        const notice = await until('a notice', () => noticeOf(groupId));
        const { messageId: refused } = notice['content'] as { messageId: string };
        const loser = both.find(({ record }) => idOf(record) === refused);
        const winner = both.find(({ record }) => idOf(record) !== refused);
        expect(notice).toMatchObject({ chatId: userIdOf(loser?.sender ?? ''), content: { reason, groupId } });

        const ids = (await stage.outside.history(chatId)).map(({ messageId }) => messageId);
        expect(ids).toContain(winner && idOf(winner.record));
        expect(ids).not.toContain(refused);
        const [row] = (await tables.rows('MultiPart', 'group', `${chatId}#${groupId}`)).filter(
          ({ item }) => item === 'group',
        );
        expect(row).toMatchObject({
          received: 1,
          totalParts: winner?.totalParts,
          senderId: userIdOf(winner?.sender ?? ''),
        });
        const letters = await stage.outside.deadLetters(kind === 'standard' ? 'Standard' : 'Fifo');
        const [letter] = letters.filter(({ body }) => (JSON.parse(body) as Frame)['messageId'] === refused);
        expect(letter?.attributes).toMatchObject({ reason: `multi-part: ${reason}`, stage: 'commit' });
      }
    },
    90_000,
  );

  test('whoever contradicts was not delivered to anybody', () => {
    for (const socket of sockets.values()) {
      const refused = [...sockets.values()].flatMap((each) =>
        each.frames
          .filter(({ eventType }) => eventType === 'multipart.refused')
          .map(({ content }) => (content as Frame)['messageId']),
      );
      const delivered = socket.messages(chatId).map(({ messageId }) => messageId);
      expect(delivered.filter((messageId) => refused.includes(messageId))).toEqual([]);
    }
  });

  function noticeOf(groupId: string): Frame | undefined {
    return [...sockets.values()]
      .flatMap(({ frames }) => frames)
      .find(({ eventType, content }) => eventType === 'multipart.refused' && (content as Frame)['groupId'] === groupId);
  }
});

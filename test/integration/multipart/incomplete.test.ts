import { ulid } from 'ulid';
import { personNamed } from '../../setup/sign-in.ts';
import type { Frame, TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { announcementsIn, type Kind, kinds, PartGroup, publishAll } from './part-group.ts';

/** After its deadline (`multiPart.deadline` of the `test` environment), a group that lacks parts is given up. */
describe('groups that lack parts 3 and 7', () => {
  let stage: Stage;
  let bob: TestSocket;
  const groups = new Map<Kind, PartGroup>();
  const chatOf = (kind: Kind): string => `lacking-${kind}`;

  beforeAll(async () => {
    stage = await Stage.start();
    bob = await stage.listen('bob', ...kinds.map(chatOf));
    const senderId = personNamed(stage.cloud.outputs, 'bob').userId;
    for (const kind of kinds) {
      const group = new PartGroup({ chatId: chatOf(kind), groupId: 'file', totalParts: 8, senderId, kind });
      groups.set(kind, group);
      await publishAll(
        stage.outside,
        group.records((partNumber) => ![3, 7].includes(partNumber)),
      );
    }
  }, 90_000);

  afterAll(() => stage.close());

  function groupOf(kind: Kind): PartGroup {
    const group = groups.get(kind);
    if (!group) throw new Error(`There is no ${kind} group`);
    return group;
  }

  /** Waits until overdue groups were looked for so often again, in all 16 shards. */
  async function lookedFor(times: number): Promise<void> {
    const looks = async (): Promise<number> => (await stage.edge.count('multipart-expiry', 'Query')) / 16;
    const before = await looks();
    await until('the next look at overdue groups', async () => (await looks()) >= before + times);
  }

  test.each(kinds)('%s: announced with the numbers of these two, and the ids of the others', async (kind) => {
    const group = groupOf(kind);
    const isIt = ({ chatId, eventType }: Frame): boolean =>
      chatId === group.chatId && eventType === 'multipart.incomplete';
    const messageIds = group.messageIds.filter((_id, index) => ![2, 6].includes(index));
    expect(await bob.next(isIt, 'the announcement')).toMatchObject({
      senderId: group.senderId,
      content: { groupId: 'file', totalParts: 8, missingParts: [3, 7], messageIds },
    });
  });

  test.each(kinds)(
    '%s: announced once, and reopened by nothing: a late part is refused and its sender told, past the publisher as well',
    async (kind) => {
      const group = groupOf(kind);
      const { chatId, senderId } = group;
      const [third = '', seventh = ''] = [group.messageIds[2], group.messageIds[6]];
      const multiPartMetadata = { groupId: 'file', totalParts: 8, partNumber: 3 };
      const payload = { chatId, eventType: 'file', content: 'late', multiPartMetadata };
      const request = { action: 'sendMessage', targetChannel: 'WebSocket', messageId: ulid(), payload };
      expect(await bob.request(request)).toMatchObject({
        statusCode: 409,
        error:
          'Conflict: payload.multiPartMetadata: expected groupId to be one of a group that is still open, got "file", which is incomplete.',
      });

      await publishAll(stage.outside, [group.record(3, third), group.record(7, seventh), group.record(3, third)]);
      for (const [partNumber, messageId] of [
        [3, third],
        [7, seventh],
      ]) {
        const isNotice = ({ eventType, content }: Frame): boolean =>
          eventType === 'multipart.refused' && (content as Frame)['messageId'] === messageId;
        expect(await bob.next(isNotice, `the notice of part ${partNumber}`)).toMatchObject({
          chatId: senderId,
          content: { chatId, groupId: 'file', partNumber, totalParts: 8, messageId, reason: 'closed' },
        });
      }
      await lookedFor(2);
      expect(announcementsIn(await stage.outside.history(chatId))).toHaveLength(1);
      const notices = announcementsIn(await stage.outside.history(senderId));
      expect(notices.filter(({ content }) => content['chatId'] === chatId)).toHaveLength(2);
      expect((await stage.outside.history(chatId)).map(({ messageId }) => messageId)).not.toContain(third);

      const letters = (await stage.outside.deadLetters(kind === 'standard' ? 'Standard' : 'Fifo'))
        .map(({ body, attributes }) => ({ ...(JSON.parse(body) as { messageId: string; payload: Frame }), attributes }))
        .filter(({ payload: refused }) => refused['chatId'] === chatId);
      expect(new Set(letters.map(({ messageId }) => messageId))).toEqual(new Set([third, seventh]));
      for (const { attributes } of letters) {
        expect(attributes).toMatchObject({ reason: 'multi-part: closed', stage: 'commit' });
      }
    },
  );
});

import { ulid } from 'ulid';
import { WebSocket } from 'ws';
import { type Client, createClient, type Message } from '../../../client/index.ts';
import type { Lane, Row } from '../../setup/outside.ts';
import { personNamed, signIn } from '../../setup/sign-in.ts';
import type { TestSocket } from '../../setup/socket.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { DeadLetterQueues, type Letter } from './dead-letter-queues.ts';
import { Operator, type Redrive } from './operator.ts';
import { deadMessage, type DeadMessage, type LaneName, unreadable } from './stock.ts';

const total = 1_000;
/** Of the wanted ones, those before this were committed, and delivered to whoever listened, before they became letters. */
const deliveredBefore = 200;

const throttled = 'failed: ThrottlingException';
const denied = 'failed: AccessDeniedException';

describe('a thousand dead letters', () => {
  let stage: Stage;
  let queues: DeadLetterQueues;
  let operator: Operator;

  beforeAll(async () => {
    stage = await Stage.start();
    queues = new DeadLetterQueues(stage.cloud.outputs);
    operator = new Operator(stage.cloud.outputs);
  }, 60_000);
  afterAll(async () => {
    queues?.close();
    await stage?.close();
  }, 30_000);

  describe.each<[LaneName, Lane]>([
    ['standard', 'Standard'],
    ['fifo', 'Fifo'],
  ])('of the %s queue, a filtered redrive', (queue, lane) => {
    const wanted = `${queue}-wanted`;
    const other = `${queue}-other`;
    const all: (Letter | DeadMessage)[] = [];
    /** What the filter means. Of them those whose sender may still send; and of those, the ones that were delivered before. */
    let meant: DeadMessage[];
    let allowed: DeadMessage[];
    let early: DeadMessage[];
    let late: DeadMessage[];
    /** Was there from the start, on a bare socket. */
    let carol: TestSocket;
    /** Came after the early ones had been delivered, on a bare socket. */
    let vera: TestSocket;
    /** Was there from the start, with the library. */
    let bob: Client;
    const bobSaw: Message[] = [];
    let committedBefore: Row[];
    let redrive: Redrive;
    let letters: Row[];
    let history: Row[];

    function letterAt(index: number): Letter | DeadMessage {
      const { outputs } = stage.cloud;
      if (index % 10 === 9) return unreadable(index);
      return deadMessage(queue, {
        chatId: index % 2 === 1 ? wanted : other,
        senderId: personNamed(outputs, index % 25 === 1 ? 'mallory' : 'bob').userId,
        content: index,
        // Ids that do not sort as the letters came.
        messageId: ulid(Date.now() - index),
        ...(queue === 'fifo' && (index % 3 === 0 ? { messageGroupId: 'aside' } : { numbered: true })),
        reason: index % 4 < 2 ? throttled : denied,
      });
    }

    async function subscribeWithLibrary(): Promise<void> {
      const { outputs } = stage.cloud;
      bob = createClient({
        url: outputs.webSocketUrl,
        token: async () => (await signIn(outputs, 'bob')).accessToken,
        WebSocket,
      });
      await bob.connect();
      await bob.subscribe(wanted, (message) => bobSaw.push(message)).ready;
    }

    beforeAll(async () => {
      await stage.outside.grant(wanted, ['bob', 'carol', 'vera']);
      await stage.outside.grant(wanted, ['mallory'], { expiresAt: Math.floor(Date.now() / 1000) - 60 });
      for (let index = 0; index < total; index += 1) all.push(letterAt(index));
      meant = all.filter((letter) => isMessage(letter)).filter((letter) => isWanted(letter, wanted));
      allowed = meant.filter(({ senderId }) => senderId === personNamed(stage.cloud.outputs, 'bob').userId);
      early = allowed.filter((letter) => all.indexOf(letter) < deliveredBefore);
      late = allowed.filter((letter) => !early.includes(letter));

      [carol] = await Promise.all([stage.open('carol', wanted), subscribeWithLibrary()]);
      for (let start = 0; start < early.length; start += 10) {
        await stage.outside.publish(lane, early.slice(start, start + 10));
      }
      await carol.collect(({ chatId }) => chatId === wanted, early.length, 'early messages');
      await until('the library to have the early ones', () => bobSaw.length === early.length);
      committedBefore = await stage.outside.history(wanted);
      vera = await stage.open('vera', wanted);

      await queues.put(queue, all);
      await until('the letters to be recorded', async () => (await operator.waiting(queue)) === total, 60_000);
      redrive = await operator.carryOut({ queue, mode: 'redrive', filter: { chatId: wanted, reason: 'throttling' } });
      await vera.collect(({ chatId }) => chatId === wanted, allowed.length, 'messages', 60_000);
      await until('the library to have all', () => bobSaw.length >= allowed.length);
      [letters, history] = await Promise.all([stage.outside.letters(queue), stage.outside.history(wanted)]);
    }, 180_000);
    afterAll(() => bob?.close());

    test('moves those whose senders may send, skips the others, and leaves the rest', async () => {
      expect(meant).toHaveLength(200);
      expect(redrive).toMatchObject({
        status: 'completed',
        ...{ examined: total, matched: 200, redriven: 190, discarded: 0, skipped: 10, failed: 0 },
      });
      const moved = letters.filter(({ status }) => status === 'redriven');
      expect(idsOf(moved).sort()).toEqual(idsOf(allowed).sort());
      expect(new Set(moved.map(({ redriveId }) => redriveId))).toEqual(new Set([redrive.redriveId]));
      const rest = letters.filter(({ status }) => status !== 'redriven');
      expect(rest).toHaveLength(total - moved.length);
      expect(new Set(rest.map(({ status, waitingIn }) => `${String(status)} in ${String(waitingIn)}`))).toEqual(
        new Set([`waiting in ${queue}`]),
      );
      expect(await stage.outside.history(other)).toEqual([]);
    });

    test('puts each message into history once, and those it held keep their numbers', () => {
      expect(idsOf(history).sort()).toEqual(idsOf(allowed).sort());
      expect(history).toEqual(expect.arrayContaining(committedBefore));
      const numbered = history.filter(({ sequence }) => sequence !== undefined);
      expect(numbered.map(({ sequence }) => sequence)).toEqual(numbered.map((_row, index) => index + 1));
    });

    test('shows those who listened with the library nothing twice, and all in order', () => {
      expect(bobSaw).toHaveLength(allowed.length);
      expect(new Set(idsOf(bobSaw)).size).toBe(allowed.length);
      const numbers = bobSaw.flatMap(({ sequence }) => (sequence === undefined ? [] : [sequence]));
      expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
    });

    test('gives those who came later every message, with the number that history has', () => {
      const numbers = new Map(history.map(({ messageId, sequence }) => [messageId, sequence]));
      for (const socket of [vera, carol]) {
        const frames = socket.messages(wanted);
        expect(new Set(idsOf(frames))).toEqual(new Set(idsOf(allowed)));
        expect(frames.filter(({ messageId, sequence }) => numbers.get(messageId) !== sequence)).toEqual([]);
      }
      expect(vera.messages(wanted)).toHaveLength(allowed.length);
    });

    test('sends the others, too, when told to include senders who lost their permission', async () => {
      const filter = { chatId: wanted, senderId: personNamed(stage.cloud.outputs, 'mallory').userId, reason: 'thr' };
      const again = await operator.carryOut({ queue, mode: 'redrive', filter, includeRevokedSenders: true });
      expect(again).toMatchObject({ status: 'completed', matched: 10, redriven: 10, skipped: 0, failed: 0 });
      const others = meant.filter((letter) => !allowed.includes(letter));
      await vera.collect(({ messageId }) => idsOf(others).includes(String(messageId)), 10, 'messages');
      expect(idsOf(await stage.outside.history(wanted)).sort()).toEqual(idsOf(meant).sort());
    });

    test('takes up those once that nobody can read: they come back as other letters', async () => {
      const again = await operator.carryOut({ queue, mode: 'redrive', filter: { unreadable: true } });
      expect(again).toMatchObject({ status: 'completed', matched: 100, redriven: 100, failed: 0 });
      const back = await until('them to come back', async () => {
        const unread = (await stage.outside.letters(queue)).filter(({ readable }) => readable === false);
        return unread.length === 200 && unread;
      });
      const bodies = (status: string): unknown[] =>
        back.filter((letter) => letter['status'] === status).map(({ body }) => body);
      expect(bodies('waiting').sort()).toEqual(bodies('redriven').sort());
    });

    if (queue === 'fifo') {
      test('keeps the order in which the letters of a group came', () => {
        const numbered = history.filter(({ sequence }) => sequence !== undefined);
        const inOrder = [...early, ...late].filter((letter) => letter.numbered);
        expect(idsOf(numbered)).toEqual(idsOf(inOrder));
        const aside = idsOf(allowed.filter((letter) => !letter.numbered));
        expect(idsOf(vera.messages(wanted)).filter((id) => aside.includes(id))).toEqual(aside);
      });
    }
  });
});

function isMessage(letter: Letter | DeadMessage): letter is DeadMessage {
  return 'messageId' in letter;
}

function isWanted({ chatId, attributes }: DeadMessage, wanted: string): boolean {
  return chatId === wanted && attributes?.['reason'] === throttled;
}

function idsOf(things: readonly { messageId?: unknown }[]): string[] {
  return things.map(({ messageId }) => String(messageId));
}

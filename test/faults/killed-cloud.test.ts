import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { sendMultiPart, type SentMultiPart } from '../../client/multipart/index.ts';
import { Api } from '../integration/graphql/api.ts';
import { ChatRun, type Kind, type World } from '../integration/model/chat-run.ts';
import { Listener } from '../integration/model/listener.ts';
import { Queues } from '../integration/model/queues.ts';
import { announcementsIn } from '../integration/multipart/part-group.ts';
import { DeadLetterQueues } from '../integration/redrive/dead-letter-queues.ts';
import { Operator, type Redrive } from '../integration/redrive/operator.ts';
import { deadMessage, type DeadMessage } from '../integration/redrive/stock.ts';
import { assemblyWith } from '../setup/altered-assembly.ts';
import { Stage } from '../setup/stage.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { leftBehind } from './crash-points/left-behind.ts';
import { WorkQueues } from './crash-points/work-queues.ts';

const kinds: Kind[] = ['numbered', 'group-1', 'standard', 'numbered', 'group-2', 'numbered'];
const kills = 2;
const strandedLetters = 40;

/**
 * One embedded cloud, at one address and on one data folder, which dies and comes back with everybody's apps still running. The apps are the
 * client library; nothing here reconnects, asks again or replays for them.
 */
describe('traffic that is cut where it hurts', () => {
  // The groups' short deadline would pass while the cloud is down.
  const assembly = assemblyWith({ MULTI_PART_DEADLINE_SECONDS: '600' });
  let port: number;
  let stage: Stage;
  let world: World;
  const chats: ChatRun[] = [];
  const apps: Listener[] = [];

  beforeAll(async () => {
    port = await freePort();
    world = {} as World;
    await start();
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...chats.map((chat) => chat.end()), ...apps.map((app) => app.close())]);
    await world.queues?.close();
    await stage?.close();
    rmSync(assembly, { recursive: true, force: true });
  }, 60_000);

  /** Starts the cloud, again on its data if there are any. The apps know its one address alone. */
  async function start(): Promise<void> {
    stage = await Stage.start({
      duplicates: 0.1,
      arguments: ['--port', String(port), '--assembly', assembly],
      ...(stage && { dataFolder: stage.cloud.dataFolder }),
    });
    const { outside, edge } = stage;
    const { outputs } = stage.cloud;
    Object.assign(world, { outside, edge, api: new Api(outputs), queues: await Queues.open(outputs) });
  }

  async function kill(): Promise<void> {
    await world.queues.close();
    await stage.cloud.kill();
    stage.outside.close();
  }

  async function begin(name: string): Promise<ChatRun> {
    const chat = new ChatRun(world, name, undefined, { sendDeadlineMs: 240_000 });
    chats.push(chat);
    await chat.begin();
    return chat;
  }

  async function listen(username: string, chatId: string, frames: 'batch' | 'single'): Promise<Listener> {
    await stage.outside.grant(chatId, [username]);
    const app = new Listener(world.api, username, chatId, frames);
    apps.push(app);
    await app.ready();
    return app;
  }

  function sayAll(chat: ChatRun): void {
    for (const kind of kinds) {
      chat.sayOverSocket('bob', kind);
      chat.sayOverSocket('carol', kind);
      chat.sayOverHttp('mallory', kind);
    }
  }

  test('a socket that reads nothing any more, and ones that end within a frame: everybody has what history has in the end', async () => {
    const chat = await begin('cut-sockets');
    chat.listener('vera').stallSocket();
    for (const name of ['bob', 'carol']) {
      sayAll(chat);
      await until('an answer', () => chat.said.some(({ accepted }) => accepted));
      chat.listener(name).loseSocketInFrame();
    }
    sayAll(chat);
    await chat.verify();
  }, 150_000);

  describe(`the cloud killed with -9 ${kills} times, with messages, parts and a redrive under way, and started again each time`, () => {
    let talks: ChatRun[];
    let upload: Promise<SentMultiPart>;
    let recipient: Listener;
    let stranded: DeadMessage[];
    let redrive: Redrive;

    beforeAll(async () => {
      talks = [await begin('killed-1'), await begin('killed-2')];
      const sender = await listen('bob', 'upload', 'batch');
      recipient = await listen('carol', 'upload', 'single');
      stranded = await strand();
      redrive = await new Operator(stage.cloud.outputs).start({ queue: 'fifo', mode: 'redrive', maxPerSecond: 5 });
      upload = sendMultiPart(sender.client, 'upload', 'a long text. '.repeat(8_000), {
        messageType: 'fifo',
        generateSequence: true,
        partSize: 2_000,
      });
      // Whoever waits for it, waits below.
      upload.catch(() => {});
      for (let times = 0; times < kills; times += 1) {
        talks.forEach(sayAll);
        await until('some of what is said to be taken', someOfTheLastRoundIsTaken, 100_000);
        await kill();
        talks.forEach(sayAll);
        await start();
      }
    }, 400_000);

    /** Letters of a chat that are to be redriven, so slowly that the cloud dies over it. */
    async function strand(): Promise<DeadMessage[]> {
      await stage.outside.grant('stranded', ['bob']);
      const senderId = world.api.userId('bob');
      const messages = Array.from({ length: strandedLetters }, (_none, content) =>
        deadMessage('fifo', { chatId: 'stranded', senderId, content, numbered: true }),
      );
      const queues = new DeadLetterQueues(stage.cloud.outputs);
      await queues.put('fifo', messages);
      queues.close();
      await stage.outside.recorded('MessagingFifoDeadLetters');
      return messages;
    }

    function someOfTheLastRoundIsTaken(): boolean {
      return talks.every(({ said }) => said.slice(-3 * kinds.length).some(({ accepted }) => accepted));
    }

    test('what was accepted is in history, numbers have no gap, and everybody has what history has, nothing twice', async () => {
      for (const talk of talks) await talk.verify();
    }, 400_000);

    test('the parts have all arrived, in order, and are announced as a whole once', async () => {
      const { messageIds } = await upload;
      const history = await until('the announcement', async () => {
        const rows = await stage.outside.history('upload');
        return announcementsIn(rows).length > 0 && rows;
      });
      expect(announcementsIn(history).map(({ eventType }) => eventType)).toEqual(['multipart.completed']);
      expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_row, index) => index + 1));
      const ids = history.map(({ messageId }) => String(messageId));
      expect(ids.slice(0, -1).toSorted()).toEqual(messageIds.toSorted());
      await until('the recipient to have it', () => recipient.lives.flat().length >= ids.length);
      expect(recipient.lives.flat().map(({ messageId }) => messageId)).toEqual(ids);
    }, 150_000);

    test('the redrive has come to its end, with each message once and in its order', async () => {
      const ended = await new Operator(stage.cloud.outputs).ended(redrive, 90_000);
      expect(ended).toMatchObject({ status: 'completed', redriven: strandedLetters, failed: 0 });
      const history = await until('the redriven messages', async () => {
        const rows = await stage.outside.history('stranded');
        return rows.length >= strandedLetters && rows;
      });
      expect(history.map(({ messageId, sequence }) => [messageId, sequence])).toEqual(
        stranded.map(({ messageId }, index) => [messageId, index + 1]),
      );
    }, 150_000);

    test('nothing is left behind', async () => {
      const queues = new WorkQueues(stage.cloud.outputs);
      const tables = await Tables.of(stage.cloud.outputs);
      let left: string[] = [];
      const isClean = async (): Promise<boolean> =>
        (left = await leftBehind({ stage, tables, api: world.api, queues: world.queues }, queues)).length === 0;
      await until('nothing to be left', isClean, 90_000).catch(() => expect(left).toEqual([]));
      queues.close();
      tables.close();
    }, 100_000);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

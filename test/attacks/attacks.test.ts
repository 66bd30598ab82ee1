import { personNamed } from '../setup/sign-in.ts';
import type { Frame } from '../setup/socket.ts';
import type { Attack } from './attack.ts';
import { frameAttacks } from './frames.ts';
import { graphqlAttacks } from './graphql.ts';
import { payloadAttacks } from './payloads.ts';
import { dial } from './raw-http.ts';
import { chatBurst, pingLimits, prototypeNames, Scene, subscriptionBurst, userBurst, vault } from './scene.ts';
import { smugglingAttacks } from './smuggling.ts';
import { tokenAttacks } from './tokens.ts';

type Answer = { status: number; body: Frame };

/** Windows of an allowance, ten seconds each, that something touches that began then and ends now. */
function windowsSince(began: number): number {
  const windowMs = 10_000;
  return Math.floor(Date.now() / windowMs) - Math.floor(began / windowMs) + 1;
}

describe('attacks', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.set();
  }, 60_000);
  afterAll(() => scene.end());

  /** What is always served: a plain message of carol's, who attacks nobody, reaches vera, and nobody without permission. */
  async function requireService(): Promise<void> {
    const reply = await scene.as('carol', {});
    expect(reply).toMatchObject({ type: 'reply' });
    await scene.socketOf('vera').next((frame) => frame['messageId'] === reply['messageId'], 'a plain message');
  }

  describe.each<[string, Attack[]]>([
    ['tokens', tokenAttacks],
    ['what a request seems to be', smugglingAttacks],
    ['frames', frameAttacks],
    ['what is said', payloadAttacks],
    ['GraphQL', graphqlAttacks],
  ])('by %s', (_kind, attacks) => {
    test.each(attacks)('over $over: $what', async ({ send, answer }) => {
      expect(await send(scene)).toMatchObject(answer);
    });

    test('are over, and a plain message comes through', requireService);
  });

  test('by clients that never come to an end: others are served meanwhile', async () => {
    const { httpUrl, webSocketUrl } = scene.cloud.outputs;
    const authorization = `authorization: Bearer ${await scene.token('mallory')}`;
    const begun = [
      'POST /publish HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow',
      `POST /publish HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}\r\ncontent-length: 1000\r\n\r\n{"target`,
      `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n${authorization}\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"q`,
      'GET /dvl HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: ',
    ];
    const slow = await Promise.all(
      Array.from({ length: 100 }, async (_client, index) => {
        const socket = await dial(index % 4 === 3 ? webSocketUrl : httpUrl);
        socket.on('error', () => socket.destroy());
        socket.write(begun[index % 4] ?? '');
        return socket;
      }),
    );
    const mute = await Promise.all(Array.from({ length: 10 }, () => scene.open('vera')));
    for (const { stream } of mute) stream.pause();

    await requireService();
    expect(await scene.http('carol', JSON.stringify(scene.message()))).toMatchObject({ status: 200 });
    expect(await scene.graphql('carol', '{ __typename }')).toMatchObject({ status: 200 });
    for (const socket of [...slow, ...mute.map(({ stream }) => stream)]) socket.destroy();
  });

  describe('by floods', () => {
    beforeAll(() => scene.outside.grant('flooded', ['bob', 'carol']));

    /** Asks so many times, with some questions under way at any moment. */
    async function many<Reply>(count: number, ask: (index: number) => Promise<Reply>): Promise<Reply[]> {
      const answers: Reply[] = [];
      const indices = Array.from({ length: count }, (_question, index) => index).values();
      const asker = async (): Promise<void> => {
        for (const index of indices) answers.push(await ask(index));
      };
      await Promise.all(Array.from({ length: 4 }, asker));
      return answers;
    }

    /** So many messages to a chat, as fast as they are answered, half over the socket and half over HTTP. */
    async function flood(username: string, chatId: string, count: number): Promise<Answer[]> {
      return many(count, async (index) => {
        const message = scene.message({}, { chatId });
        const ask = (): Promise<Answer> =>
          index % 2 === 0 ? overSocket(username, message) : overHttp(username, message);
        // A call that took too long, on a machine that has other work, is answered with 500: asked again, as clients do.
        for (;;) {
          const answer = await ask();
          if (answer.status !== 500) return answer;
        }
      });
    }

    async function overSocket(username: string, message: Frame): Promise<Answer> {
      const body = await scene.ask(username, message);
      return { status: Number(body['statusCode'] ?? 200), body };
    }

    async function overHttp(username: string, message: Frame): Promise<Answer> {
      const { status, body } = await scene.http(username, JSON.stringify(message));
      return { status, body: body as Frame };
    }

    function statusesOf(answers: Answer[]): number[] {
      return [...new Set(answers.map(({ status }) => status))].sort();
    }

    test('of one user, over both ways in: 429 beyond the allowance, and the others of the chat are served', async () => {
      const before = await scene.spent('chat#flooded');
      const began = Date.now();
      const [answers, carols] = await Promise.all([
        flood('bob', 'flooded', 3 * userBurst),
        flood('carol', 'flooded', 10),
      ]);
      const windows = windowsSince(began);
      expect(statusesOf(answers)).toEqual([200, 429]);
      const refused = answers.filter(({ status }) => status === 429);
      const taken = answers.length - refused.length;
      expect(taken).toBeLessThanOrEqual(userBurst * windows);
      for (const { body } of refused) {
        expect(body).toMatchObject({ error: 'Too many requests', retryAfterMs: expect.any(Number) });
      }
      expect(statusesOf(carols)).toEqual([200]);
      // What was refused took nothing of the chat's. A write whose answer is lost is counted again.
      const spent = (await scene.spent('chat#flooded')) - before;
      expect(spent).toBeGreaterThanOrEqual(taken + carols.length);
      expect(spent).toBeLessThanOrEqual(userBurst * windows + carols.length);
    });

    test('of strangers: they spend nothing, neither the chat’s nor their own', async () => {
      const subjects = ['chat#flooded', `user#${personNamed(scene.cloud.outputs, 'mallory').userId}`];
      const spent = () => Promise.all(subjects.map((subject) => scene.spent(subject)));
      const before = await spent();
      const answers = await flood('mallory', 'flooded', chatBurst);
      expect(statusesOf(answers)).toEqual([403]);
      expect(await spent()).toEqual(before);
      expect(statusesOf(await flood('carol', 'flooded', 1))).toEqual([200]);
    });

    test('of subscriptions: 429 beyond the allowance, and others subscribe and connect', async () => {
      const chatIds = ['chat-123', ...prototypeNames];
      const frames = Math.ceil((3 * subscriptionBurst) / chatIds.length);
      const began = Date.now();
      const flooding = many(frames, () => scene.ask('bob', { action: 'subscribe', chatIds }));
      expect(await scene.ask('carol', { action: 'subscribe', chatIds: ['flooded'] })).toMatchObject({ refused: [] });
      (await scene.open('vera')).stream.destroy();
      const answers = await flooding;
      const taken = answers.filter(({ type }) => type === 'subscribed').length * chatIds.length;
      expect(taken).toBeLessThanOrEqual(windowsSince(began) * subscriptionBurst);
      const refused = answers.filter(({ statusCode }) => statusCode === 429);
      expect(refused.length).toBeGreaterThan(0);
      const tooMany = { type: 'error', error: 'Too many requests', retryAfterMs: expect.any(Number) };
      for (const answer of refused) expect(answer).toMatchObject(tooMany);
    });

    test('of pings: the gateway takes no more than its limit, and sending, subscribing and reading go on', async () => {
      const count = pingLimits.ThrottlingBurstLimit * 3;
      const { frames } = scene.socketOf('mallory');
      const answersBefore = frames.length;
      for (let sent = 0; sent < count; sent += 1) scene.socketOf('mallory').send({ action: 'ping' });
      expect(await scene.ask('carol', { action: 'subscribe', chatIds: ['flooded'] })).toMatchObject({ refused: [] });
      expect(await scene.ask('carol', { action: 'replay', chatId: 'chat-123', fromSequence: 0 })).toMatchObject({
        type: 'replay',
      });
      await requireService();
      const answered = () => frames.slice(answersBefore).filter(({ type, message }) => type === 'pong' || message);
      await scene.socketOf('mallory').next(() => answered().length >= count, 'answers to all pings');
      const refused = answered().filter(({ message }) => message === 'Too Many Requests');
      expect(refused.length).toBeGreaterThan(count / 3);
    });
  });

  describe('when all is over', () => {
    test('a plain message comes through, over every way in', async () => {
      await requireService();
      const { body } = await scene.http('carol', JSON.stringify(scene.message()));
      const { messageId } = body as { messageId: string };
      await scene.socketOf('bob').next((frame) => frame['messageId'] === messageId, 'a message over HTTP');
      expect(await scene.graphql('bob', `{ chat(chatId: "${vault}") { headSequence } }`)).toMatchObject({
        data: { chat: { headSequence: 1 } },
      });
    });

    test('no function has crashed or run out of time, and no message is a dead letter', async () => {
      const lines = scene.logs().flatMap(({ file, text }) => text.split('\n').map((line) => `${file} ${line}`));
      const crashes = lines.filter((line) =>
        /Runtime\.|Task timed out|Sandbox\.|"level":"ERROR"|ExecutionFailed/.test(line),
      );
      // The word by which an authorizer tells API Gateway to answer 401; a call that took too long on a busy machine.
      const expected = /Error: Unauthorized|"cause":\{"name":"TimeoutError"\}/;
      expect(crashes.filter((line) => !expected.test(line))).toEqual([]);
      expect(await scene.outside.deadLetters('Standard')).toEqual([]);
      expect(await scene.outside.deadLetters('Fifo')).toEqual([]);
    });

    test('no log holds words of a message, or what makes a token one', () => {
      const logs = scene.logs();
      expect(logs.map(({ text }) => text).join()).toContain('Refused a connection');
      for (const { file, text } of logs) {
        expect([file, scene.secrets.filter((secret) => text.includes(secret))]).toEqual([file, []]);
      }
    });

    test('no answer tells what is inside: names of resources, traces, other people’s words', () => {
      const answers = [...scene.heard, JSON.stringify(scene.socketOf('mallory').frames)];
      const inside = /arn:aws|amazonaws\.com|node_modules|\.m?[jt]s:\d+|\bat \w+ \(|Exception: /;
      for (const answer of answers) {
        expect(inside.exec(answer)?.[0]).toBeUndefined();
        expect(answer).not.toContain(scene.secret);
      }
    });

    test('nobody has heard of a chat they may not hear of', () => {
      const chats: Record<string, string[]> = {
        bob: ['chat-123', ...prototypeNames],
        carol: ['chat-123', 'flooded'],
        vera: ['chat-123'],
      };
      for (const username of ['ada', 'bob', 'carol', 'mallory', 'olga', 'vera']) {
        const heard = new Set(
          scene
            .socketOf(username)
            .messages()
            .map((frame) => frame['chatId'] ?? frame['message']),
        );
        const permitted = [scene.userId(username), 'Too Many Requests', ...(chats[username] ?? [])];
        expect([username, [...heard].filter((chatId) => !permitted.includes(String(chatId)))]).toEqual([username, []]);
      }
    });
  });
});

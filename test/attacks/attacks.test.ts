import { personNamed } from '../setup/sign-in.ts';
import type { Frame } from '../setup/socket.ts';
import { until } from '../setup/until.ts';
import type { Attack } from './attack.ts';
import { frameAttacks } from './frames.ts';
import { graphqlAttacks } from './graphql.ts';
import { payloadAttacks } from './payloads.ts';
import { dial } from './raw-http.ts';
import {
  actionLimits,
  chatBurst,
  largeChatBurst,
  largeChatUserBurst,
  limitedActions,
  permissionBurst,
  prototypeNames,
  Scene,
  subscriptionBurst,
  userBurst,
  vault,
} from './scene.ts';
import { smugglingAttacks } from './smuggling.ts';
import { tokenAttacks } from './tokens.ts';

type Answer = { status: number; body: Frame };
type GraphqlAnswer = { errors?: { errorType?: string }[] };

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

    test('of connections that bring chats: 429 at the handshake beyond the allowance, and others connect', async () => {
      const chatIds = Array.from({ length: subscriptionBurst / 2 - 1 }, (_chat, index) => `brought-${index}`);
      for (const chatId of chatIds) await scene.outside.grant(chatId, ['olga']);
      const began = Date.now();
      const answers = await many(8, () => scene.connect(`?chatIds=${chatIds.join(',')}`, [], 'olga'));
      // Each brings half of what a window holds, with its own channel.
      const taken = answers.filter(({ status }) => status === 101).length;
      expect(taken).toBeLessThanOrEqual(2 * windowsSince(began));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(answers.length - taken);
      for (const { body } of refused) expect(body).toContain('retryAfterMs');
      (await scene.open('vera')).stream.destroy();
    });

    test('of connections opened at once: about as many stay as one user may have, and others connect', async () => {
      const opened = await Promise.allSettled(Array.from({ length: 40 }, () => scene.open('ada')));
      const open = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const rows = await scene.outside.rows('Connections', { userId: scene.userId('ada') });
      // They are counted by an index that lags: a few more may stay. One was open before.
      expect(open.length).toBeLessThanOrEqual(25);
      expect(rows.length).toBeLessThanOrEqual(26);
      for (const one of opened) if (one.status === 'rejected') expect(String(one.reason)).toMatch(/ 429 | 500 /);
      (await scene.open('vera')).stream.destroy();
      for (const { stream } of open) stream.destroy();
    });

    test('of members, each within their allowance: 429 beyond the chat’s, and another chat is served meanwhile', async () => {
      const members = ['ada', 'bob', 'mallory', 'olga', 'vera'];
      await scene.outside.grant('crowded', members);
      const each = userBurst - 1;
      const before = await scene.spent('chat#crowded');
      await until('a new window', () => Date.now() % 10_000 < 1_000);
      const began = Date.now();
      const flooding = Promise.all(members.map((username) => flood(username, 'crowded', each)));
      await requireService();
      const answers = (await flooding).flat();
      const windows = windowsSince(began);
      const taken = answers.filter(({ status }) => status === 200).length;
      expect(statusesOf(answers).filter((status) => ![200, 429].includes(status))).toEqual([]);
      expect(taken).toBeLessThanOrEqual(chatBurst * windows);
      // A machine that is too slow for a flood sees none.
      if (windows === 1) expect(taken).toBeLessThan(members.length * each);
      expect((await scene.spent('chat#crowded')) - before).toBeLessThanOrEqual(chatBurst * windows);
    });

    test('of a large chat: 429 beyond its smaller allowances, and other chats are served', async () => {
      await scene.outside.grant('hall', ['bob', 'olga']);
      await scene.tables.put('Subscriptions', {
        chatId: 'hall',
        subscriber: '!large',
        since: new Date().toISOString(),
      });
      const began = Date.now();
      const [bobs, olgas] = await Promise.all(
        ['bob', 'olga'].map((name) => flood(name, 'hall', 4 * largeChatUserBurst)),
      );
      const windows = windowsSince(began);
      for (const answers of [bobs ?? [], olgas ?? []]) {
        const taken = answers.filter(({ status }) => status === 200).length;
        expect(taken).toBeGreaterThan(0);
        expect(taken).toBeLessThanOrEqual(largeChatUserBurst * windows);
      }
      expect(await scene.spent('chat#hall')).toBeLessThanOrEqual(largeChatBurst * windows);
      await requireService();
    });

    test('of changes of permissions, over both ways in: 429 beyond the allowance, and others grant and revoke', async () => {
      const own = scene.userId('mallory');
      const grant = 'mutation($input: GrantPermissionInput!) { grantPermission(input: $input) { role } }';
      const began = Date.now();
      const flooding = many(3 * permissionBurst, async (index) => {
        const userId = `nobody-${index % 7}`;
        if (index % 2 === 0) {
          const body = JSON.stringify({ targetUserId: userId, chatId: own });
          const { status, body: answer } = await scene.http('mallory', body, { path: '/permissions' });
          return { taken: status === 201, refused: status === 429 && 'retryAfterMs' in (answer as object) };
        }
        const answer = (await scene.graphql('mallory', grant, { input: { userId, chatId: own } })) as GraphqlAnswer;
        const [error] = answer.errors ?? [];
        return { taken: !error, refused: error?.errorType === 'TooManyRequests' };
      });
      const carols = { input: { userId: scene.userId('vera'), chatId: scene.userId('carol') } };
      expect(await scene.graphql('carol', grant, carols)).toMatchObject({ data: { grantPermission: {} } });
      const answers = await flooding;
      expect(answers.filter(({ taken }) => taken).length).toBeLessThanOrEqual(permissionBurst * windowsSince(began));
      expect(answers.filter(({ refused }) => refused).length).toBeGreaterThan(0);
      const revoke = 'mutation($u: ID!, $c: ID!) { revokePermission(userId: $u, chatId: $c) { role } }';
      const { userId: u, chatId: c } = carols.input;
      expect(await scene.graphql('carol', revoke, { u, c })).toMatchObject({ data: { revokePermission: {} } });
    });

    test.each(limitedActions)(
      'of %s: the gateway takes no more than its limit, and sending, subscribing and reading go on',
      async (action) => {
        const count = actionLimits.ThrottlingBurstLimit * 3;
        const { frames } = scene.socketOf('mallory');
        const before = frames.length;
        const own = scene.userId('mallory');
        const said = { chatId: own, chatIds: [own], fromSequence: 0, token: 'none', messageId: 'none' };
        for (let sent = 0; sent < count; sent += 1) scene.socketOf('mallory').send({ action, ...said });
        expect(await scene.ask('carol', { action: 'subscribe', chatIds: ['flooded'] })).toMatchObject({ refused: [] });
        expect(await scene.http('carol', JSON.stringify(scene.message()))).toMatchObject({ status: 200 });
        await requireService();
        const refused = () => frames.slice(before).filter(({ message }) => message === 'Too Many Requests');
        await scene.socketOf('mallory').next(() => refused().length > count / 3, `refusals of ${action}`);
      },
    );
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

    test('what an administrator read is in a log, without the words', async () => {
      const query = `{ messages(chatId: "${vault}") { items { content } } }`;
      // Not kept among what was answered: an administrator may hear it.
      expect(await scene.api.ask('ada', query)).toMatchObject({ status: 200, data: { messages: {} } });
      const noted = JSON.stringify({
        ...{ message: 'Read as an administrator', field: 'messages' },
        ...{ userId: scene.userId('ada'), chatId: vault },
      });
      const isNoted = ({ file, text }: { file: string; text: string }): boolean =>
        file.includes('appsync') && text.includes(JSON.stringify(noted).slice(1, -1));
      await until('the line', () => scene.logs().some(isNoted));
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

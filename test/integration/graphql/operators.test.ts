import { ClientError, GraphQLClient } from 'graphql-request';
import { envelopeOf } from '../../setup/outside.ts';
import { personNamed, signIn } from '../../setup/sign-in.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { Api, fresh, type GraphqlError, type Page } from './api.ts';

type Letter = Record<
  'arrival' | 'status' | 'reason' | 'stage' | 'messageId' | 'chatId' | 'body' | 'redriveId' | 'settledAt',
  string | null
> & { readable: boolean; bodyBytes: number; bodyTruncated: boolean };
type Redrive = { redriveId: string; status: string; endedAt: string | null } & Record<
  'examined' | 'matched' | 'redriven' | 'discarded' | 'skipped' | 'failed',
  number
> &
  Record<string, unknown>;
type Plan = {
  examined: number;
  matched: number;
  skipped: number;
  complete: boolean;
  sample: { arrival: string; outcome: string; why: string }[];
};

const letterFields =
  'arrival status reason stage messageId chatId body bodyBytes bodyTruncated readable redriveId settledAt attributes { name value }';
const counts = 'examined matched redriven discarded skipped failed';
const redriveFields = `redriveId queue mode filter reason startedBy startedAt endedAt status error ${counts} maxPerSecond cancelRequest { by reason at }`;

const queues = '{ deadLetterQueues { name waiting oldest redrivable } }';
const letters = `query($queue: ID!, $filter: DeadLetterFilter, $status: DeadLetterStatus, $redriveId: ID, $limit: Int, $nextToken: String) {
  deadLetters(queue: $queue, filter: $filter, status: $status, redriveId: $redriveId, limit: $limit, nextToken: $nextToken) { items { ${letterFields} } nextToken }
}`;
const plan = `mutation($input: RedriveInput!) { planRedrive(input: $input) { examined matched skipped complete sample { arrival outcome why } } }`;
const start = `mutation($input: RedriveInput!, $reason: String!) { startRedrive(input: $input, reason: $reason) { ${redriveFields} } }`;
const cancel = `mutation($redriveId: ID!, $reason: String!) { cancelRedrive(redriveId: $redriveId, reason: $reason) { ${redriveFields} } }`;
const redrive = `query($redriveId: ID!) { redrive(redriveId: $redriveId) { ${redriveFields} } }`;
const redrives = `query($limit: Int, $nextToken: String) { redrives(limit: $limit, nextToken: $nextToken) { items { redriveId } nextToken } }`;

describe('an operator', () => {
  let stage: Stage;
  let olga: GraphQLClient;
  let signature: string;
  const chatId = fresh('operated');

  beforeAll(async () => {
    stage = await Stage.start();
    const { outputs } = stage.cloud;
    const { accessToken } = await signIn(outputs, 'olga');
    olga = new GraphQLClient(outputs.graphqlUrl, { headers: { authorization: accessToken } });
    signature = `olga (${personNamed(outputs, 'olga').userId})`;
    await stage.outside.grant(chatId, ['bob', 'carol']);
  });
  afterAll(() => stage.close());

  const lettersOf = async (variables: object): Promise<Letter[]> => {
    const found: Letter[] = [];
    let nextToken: string | null = null;
    do {
      const answer: { deadLetters: Page<Letter> } = await olga.request(letters, { ...variables, nextToken });
      found.push(...answer.deadLetters.items);
      nextToken = answer.deadLetters.nextToken;
    } while (nextToken !== null);
    return found;
  };
  const waiting = async (name: string): Promise<{ waiting: number; oldest: string | null } | undefined> => {
    const { deadLetterQueues } = await olga.request<{
      deadLetterQueues: { name: string; waiting: number; oldest: string | null }[];
    }>(queues);
    return deadLetterQueues.find((queue) => queue.name === name);
  };
  const look = async (redriveId: string): Promise<Redrive> =>
    (await olga.request<{ redrive: Redrive }>(redrive, { redriveId })).redrive;
  const ended = (redriveId: string): Promise<Redrive> =>
    until('the end of the redrive', async () => {
      const now = await look(redriveId);
      return now.status !== 'running' && now;
    });
  const begin = async (input: object, reason = 'a test'): Promise<Redrive> =>
    (await olga.request<{ startRedrive: Redrive }>(start, { input, reason })).startRedrive;
  const refusalOf = async (query: string, variables: object): Promise<GraphqlError> => {
    const refused = await olga.request(query, variables).catch((error: unknown) => error);
    if (!(refused instanceof ClientError)) throw new Error(`Expected an error, got ${JSON.stringify(refused)}`);
    expect(refused.response).toMatchObject({ status: 200, data: null });
    return refused.response.errors?.[0] as unknown as GraphqlError;
  };
  /** Puts messages on a topic that nothing can read. */
  const poison = (lane: 'Standard' | 'Fifo', bodies: string[]): Promise<void> =>
    stage.outside.publish(
      lane,
      bodies.map((body) => ({ body, groupId: body })),
    );

  test('finds out why a message failed, sees what a redrive would do, and has it delivered', async () => {
    const api = new Api(stage.cloud.outputs);
    const carol = await stage.open('carol', chatId);
    const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
    await stage.edge.break({ ...commits, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    const messageId = await api.publish('bob', { chatId, content: 'at last' }, { generateSequence: true });
    await poison('Fifo', ['poison']);
    await until('both letters', async () => (await waiting('fifo'))?.waiting === 2);
    await stage.edge.mend();

    // Look.
    const found = await lettersOf({ queue: 'fifo' });
    const [failed] = found.filter((letter) => letter.readable);
    const [unreadable] = found.filter((letter) => !letter.readable);
    expect(failed).toMatchObject({ status: 'waiting', stage: 'commit', messageId, chatId, bodyTruncated: false });
    expect(failed?.reason).toContain('AccessDenied');
    expect(unreadable).toMatchObject({ stage: 'parse', messageId: null, chatId: null, body: 'poison', bodyBytes: 6 });
    const oldest = found.map(({ arrival }) => arrival).sort()[0];
    expect(oldest).toBe(found[0]?.arrival);
    expect((await waiting('fifo'))?.oldest).toMatch(/^\d{4}-\d\d-\d\dT/);

    // Plan.
    const input = { queue: 'fifo', mode: 'redrive', filter: { chatId } };
    const planned = await olga.request<{ planRedrive: Plan }>(plan, { input });
    expect(planned.planRedrive).toMatchObject({
      ...{ examined: 2, matched: 1, skipped: 0, complete: true },
      sample: [{ arrival: failed?.arrival, outcome: 'redrive', why: expect.any(String) }],
    });
    expect((await waiting('fifo'))?.waiting).toBe(2);

    // Start, and watch.
    const started = await begin(input, 'the table is back');
    expect(started).toMatchObject({
      ...{ queue: 'fifo', mode: 'redrive', reason: 'the table is back', startedBy: signature, status: 'running' },
      ...{ filter: JSON.stringify({ chatId }), endedAt: null, cancelRequest: null, error: null },
    });
    expect(await ended(started.redriveId)).toMatchObject({
      ...{ status: 'completed', endedAt: expect.any(String), error: null },
      ...{ examined: 2, matched: 1, redriven: 1, discarded: 0, skipped: 0, failed: 0 },
    });
    expect(await carol.next((frame) => frame['messageId'] === messageId)).toMatchObject({ content: 'at last' });
    expect((await waiting('fifo'))?.waiting).toBe(1);
    expect(await lettersOf({ queue: 'fifo', redriveId: started.redriveId })).toMatchObject([
      { messageId, status: 'redriven', redriveId: started.redriveId, settledAt: expect.any(String) },
    ]);

    // Discard what can never be read.
    const discarded = await begin({ queue: 'fifo', mode: 'discard', filter: { unreadable: true } }, 'a typo of a test');
    expect(await ended(discarded.redriveId)).toMatchObject({ status: 'completed', discarded: 1, redriven: 0 });
    expect(await waiting('fifo')).toEqual({ name: 'fifo', waiting: 0, oldest: null, redrivable: true });
    expect(await lettersOf({ queue: 'fifo' })).toEqual([]);
    expect(await lettersOf({ queue: 'fifo', status: 'discarded' })).toMatchObject([{ body: 'poison' }]);
    await carol.close();
  });

  test('stops a redrive that others are kept out of by', async () => {
    await poison('Standard', ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']);
    await until('the letters', async () => (await waiting('standard'))?.waiting === 8);
    const input = { queue: 'standard', mode: 'discard', maxPerSecond: 1 };
    const { redriveId } = await begin(input, 'too many');
    const begun = await until('its first letters', async () => {
      const now = await look(redriveId);
      return now.discarded > 0 && now;
    });
    expect(begun).toMatchObject({ status: 'running', maxPerSecond: 1 });

    const conflict = await refusalOf(start, { input, reason: 'me, too' });
    expect(conflict.errorType).toBe('Conflict');
    expect(conflict.message).toContain(redriveId);
    expect(conflict.message).toContain(signature);

    const cancelRequest = { by: signature, reason: 'the wrong queue', at: expect.any(String) as unknown };
    const cancelled = await olga.request(cancel, { redriveId, reason: 'the wrong queue' });
    expect(cancelled).toMatchObject({ cancelRedrive: { redriveId, cancelRequest } });
    const last = await ended(redriveId);
    expect(last).toMatchObject({ status: 'cancelled', cancelRequest });
    expect((await waiting('standard'))?.waiting).toBe(8 - last.discarded);

    const late = await refusalOf(cancel, { redriveId, reason: 'once more' });
    expect(late).toMatchObject({ errorType: 'Conflict', message: expect.stringContaining('cancelled') });
    const nobody = await refusalOf(cancel, { redriveId: stage.newMessageId(), reason: 'no such' });
    expect(nobody.errorType).toBe('NotFound');
    await ended((await begin({ queue: 'standard', mode: 'discard' })).redriveId);
    expect((await waiting('standard'))?.waiting).toBe(0);
  });

  test('shows and redrives the same letters with the same filter', async () => {
    const { userId } = personNamed(stage.cloud.outputs, 'bob');
    const bodies = ['first', 'second', 'third'].map((content) => envelopeOf(userId, { chatId, content }));
    const commits = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
    await stage.edge.break({ ...commits, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    await poison('Fifo', ['neither', 'nor']);
    await stage.outside.publish(
      'Fifo',
      bodies.map((body, index) => ({ body, groupId: String(index) })),
    );
    await until('the letters', async () => (await waiting('fifo'))?.waiting === 5);
    await stage.edge.mend();
    const all = await until('the letters in the index', async () => {
      const found = await lettersOf({ queue: 'fifo' });
      return found.length === 5 && found;
    });
    const [messageId] = all.flatMap((letter) => letter.messageId ?? []);
    const { sentAt } = (
      await olga.request<{ deadLetters: Page<{ sentAt: string }> }>(
        '{ deadLetters(queue: "fifo", filter: { unreadable: false }, limit: 2) { items { sentAt } } }',
      )
    ).deadLetters.items[1] as { sentAt: string };
    for (const filter of [
      ...[
        {},
        { chatId },
        { chatId: 'another' },
        { senderId: userId },
        { eventType: 'chat' },
        { messageIds: [messageId] },
      ],
      ...[{ unreadable: true }, { unreadable: false, chatId }, { reason: 'ACCESSDENIED' }, { reason: 'json' }],
      ...[{ sentAfter: sentAt }, { sentBefore: sentAt }, { sentAfter: sentAt, unreadable: true }],
    ]) {
      const shown = (await lettersOf({ queue: 'fifo', filter, limit: 2 })).map(({ arrival }) => arrival);
      const input = { queue: 'fifo', mode: 'discard', filter };
      const { planRedrive } = await olga.request<{ planRedrive: Plan }>(plan, { input });
      expect({ filter, arrivals: planRedrive.sample.map(({ arrival }) => arrival) }).toEqual({
        filter,
        arrivals: shown,
      });
      expect(planRedrive.matched).toBe(shown.length);
    }
    await ended((await begin({ queue: 'fifo', mode: 'discard' })).redriveId);
  });

  test('is told when a redrive could not be started, and nothing was', async () => {
    const states = { service: 'states', action: 'StartSyncExecution' };
    await stage.edge.break({ ...states, times: 1, fault: { error: 'ThrottlingException', statusCode: 400 } });
    const input = { queue: 'standard', mode: 'discard' };
    expect(await refusalOf(start, { input, reason: 'too fast' })).toMatchObject({ errorType: 'Throttled' });
    await stage.edge.break({ ...states, times: 1, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    expect(await refusalOf(start, { input, reason: 'not allowed' })).toMatchObject({ errorType: 'InternalFailure' });
    const run = { service: 'dynamodb', action: 'TransactWriteItems', role: 'redrive-control' };
    await stage.edge.break({ ...run, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    const failed = await refusalOf(start, { input, reason: 'the workflow fails' });
    await stage.edge.mend();
    expect(failed).toMatchObject({ errorType: 'InternalFailure' });
    const [, redriveId] = /redrive ([0-9A-Z]{26}) was started/.exec(failed.message) ?? [];
    expect(await look(redriveId ?? '')).toBeNull();
  });

  test('hears of a redrive whose start was answered to nobody', async () => {
    const states = { service: 'states', action: 'StartSyncExecution', times: 1 };
    await stage.edge.break({ ...states, fault: { dropReply: true } });
    const input = { queue: 'delivery-retry', mode: 'discard' };
    const { errorType, message } = await refusalOf(start, { input, reason: 'an answer gets lost' });
    expect(errorType).toBe('InternalFailure');
    const [, redriveId = ''] = /redrive ([0-9A-Z]{26}) was started/.exec(message) ?? [];
    expect(await ended(redriveId)).toMatchObject({ status: 'completed', reason: 'an answer gets lost' });
  });

  test('finds all redrives, newest first, page by page', async () => {
    const listed: string[] = [];
    let nextToken: string | null = null;
    do {
      const page: { redrives: Page<{ redriveId: string }> } = await olga.request(redrives, { limit: 2, nextToken });
      listed.push(...page.redrives.items.map((item) => item.redriveId));
      nextToken = page.redrives.nextToken;
    } while (nextToken !== null);
    const whole = await olga.request<{ redrives: Page<{ redriveId: string }> }>(redrives, { limit: 100 });
    expect(listed).toEqual(whole.redrives.items.map((item) => item.redriveId));
    expect(listed.length).toBeGreaterThan(4);
    expect(listed).toEqual([...listed].sort().reverse());
  });
});

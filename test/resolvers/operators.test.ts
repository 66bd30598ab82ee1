import { ada, type Asker, askerOf, bob, olga, redriveControlArn } from './api.ts';
import { scriptedDynamoDb, stored } from './scripted-dynamodb.ts';
import { ScriptedStepFunctions } from './scripted-step-functions.ts';

const later = Math.floor(Date.now() / 1000) + 3600;
const redriveId = '01M80VZCQ2ZP0S3N2QGKVD3XPC';
const chosen = 'redriveId queue mode filter maxMessages maxPerSecond includeRevokedSenders reason startedBy startedAt';
const redriveFields = `${chosen} endedAt status examined matched redriven discarded skipped failed cancelRequest { by reason at }`;
const redriveRow = {
  redriveId,
  kind: 'redrive',
  queue: 'fifo',
  mode: 'redrive',
  filter: '{"chatId":"c1"}',
  reason: 'the table is back',
  startedBy: `olga (${olga.userId})`,
  startedAt: '2026-01-01T00:00:00.000Z',
  status: 'running',
  examined: 5,
  matched: 4,
  redriven: 3,
  discarded: 0,
  skipped: 1,
  failed: 0,
  includeRevokedSenders: false,
};
const shownRedrive = {
  ...{ redriveId, queue: 'fifo', mode: 'redrive', filter: '{"chatId":"c1"}', maxMessages: null, maxPerSecond: null },
  ...{ includeRevokedSenders: false, reason: 'the table is back', startedBy: `olga (${olga.userId})` },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: null, status: 'running', examined: 5, matched: 4 },
  ...{ redriven: 3, discarded: 0, skipped: 1, failed: 0, cancelRequest: null },
};

const plan =
  'mutation($input: RedriveInput!) { planRedrive(input: $input) { examined matched skipped complete sample { arrival messageId chatId outcome why } } }';
const start = `mutation($input: RedriveInput!, $reason: String!) { startRedrive(input: $input, reason: $reason) { ${redriveFields} } }`;
const cancel = `mutation($redriveId: ID!, $reason: String!) { cancelRedrive(redriveId: $redriveId, reason: $reason) { ${redriveFields} } }`;
const input = { queue: 'fifo', mode: 'redrive' };

let control: ScriptedStepFunctions;

beforeAll(async () => {
  control = await ScriptedStepFunctions.start();
});
afterAll(() => control.stop());
beforeEach(() => control.started.splice(0));

/** Asks once; DynamoDB answers from the script. */
async function ask(
  asker: Asker,
  query: string,
  variables: Record<string, unknown> = {},
  ...replies: Parameters<typeof scriptedDynamoDb>
) {
  const { client, calls } = scriptedDynamoDb(...replies);
  const answer = await askerOf(client, control.edge.url)(asker, query, variables);
  return { ...answer, calls, error: answer.errors?.[0] };
}

describe('whoever is no operator', () => {
  const redrive = 'input: { queue: "fifo", mode: redrive }';
  test.each([
    '{ deadLetterQueues { name } }',
    '{ deadLetters(queue: "fifo") { nextToken } }',
    `{ redrive(redriveId: "${redriveId}") { queue } }`,
    '{ redrives { nextToken } }',
    `mutation { planRedrive(${redrive}) { matched } }`,
    `mutation { startRedrive(${redrive}, reason: "why") { queue } }`,
    `mutation { cancelRedrive(redriveId: "${redriveId}", reason: "why") { queue } }`,
  ])('is not let near %s', async (query) => {
    for (const asker of [ada, bob]) {
      const { error, calls } = await ask(asker, query);
      expect(error?.errorType).toBe('Unauthorized');
      expect(calls).toEqual([]);
    }
    expect(control.started).toEqual([]);
  });
});

describe('deadLetterQueues', () => {
  const query = '{ deadLetterQueues { name waiting oldest redrivable } }';
  const counts = {
    Responses: {
      DeadLetters: [
        stored({ queue: 'permission-stream', arrival: '#waiting', waiting: 1 }),
        stored({ queue: 'fifo', arrival: '#waiting', waiting: 7 }),
      ],
    },
  };

  test('counts strongly, and finds the oldest letter of each queue', async () => {
    const fifo = { Items: [stored({ queue: 'fifo', arrival: '01ARZ3NDEKTSV4RRFFQ69G5FAV', waitingIn: 'fifo' })] };
    const { data, calls } = await ask(olga, query, {}, counts, {}, fifo, {}, {}, {});
    expect(data?.['deadLetterQueues']).toEqual([
      { name: 'standard', waiting: 0, oldest: null, redrivable: true },
      { name: 'fifo', waiting: 7, oldest: '2016-07-30T23:54:10.259Z', redrivable: true },
      { name: 'delivery-retry', waiting: 0, oldest: null, redrivable: true },
      { name: 'fan-out', waiting: 0, oldest: null, redrivable: true },
      { name: 'permission-stream', waiting: 1, oldest: null, redrivable: false },
    ]);
    expect(calls[0]).toMatchObject({ action: 'BatchGetItem' });
    expect(JSON.stringify(calls[0]?.input)).toContain('"ConsistentRead":true');
    expect(calls.slice(1).map((call) => [call.input['IndexName'], call.input['Limit']])).toEqual(
      Array(5).fill(['waiting', 1]),
    );
  });

  test('is Throttled when DynamoDB leaves a count out', async () => {
    const left = {
      Responses: {},
      UnprocessedKeys: { DeadLetters: { Keys: [stored({ queue: 'fifo', arrival: '#waiting' })] } },
    };
    expect((await ask(olga, query, {}, left)).error).toMatchObject({ errorType: 'Throttled' });
  });
});

describe('deadLetters', () => {
  const fields =
    'arrival status reason body bodyBytes bodyTruncated readable attributes { name dataType value truncated }';
  const list = `query($queue: ID!, $filter: DeadLetterFilter, $status: DeadLetterStatus, $redriveId: ID, $limit: Int, $nextToken: String) {
    deadLetters(queue: $queue, filter: $filter, status: $status, redriveId: $redriveId, limit: $limit, nextToken: $nextToken) { items { ${fields} } nextToken } }`;
  const arrivals = ['A', 'B', 'C', 'D'].map((last) => `01ARZ3NDEKTSV4RRFFQ69G5FA${last}`);
  const letter = (at: number, more: Record<string, unknown> = {}) => ({
    ...{ queue: 'fifo', arrival: arrivals[at], status: 'waiting', reason: 'not JSON', readable: true, body: '{}' },
    ...{ attributes: {}, sqsMessageId: 'sqs', sentAt: '2016-07-30T23:54:10.259Z', receiveCount: 3, chatId: 'c1' },
    ...more,
  });
  const first = { Items: [stored({ queue: 'fifo', arrival: arrivals[0], waitingIn: 'fifo' })] };
  const rows = (...items: Record<string, unknown>[]) => ({ Items: items.map((item) => stored(item)) });
  const arrivalsIn = (data: Record<string, unknown> | null) =>
    (data?.['deadLetters'] as { items: { arrival: string }[] }).items.map(({ arrival }) => arrival);

  test('reads the table strongly, from the first letter that waits, and leaves the settled ones out', async () => {
    const settled = letter(1, { status: 'redriven', redriveId });
    const inHand = letter(2, { status: 'redriving', redriveId });
    const { data, calls } = await ask(olga, list, { queue: 'fifo' }, first, rows(letter(0), settled, inHand));
    expect(arrivalsIn(data)).toEqual([arrivals[0], arrivals[2]]);
    expect(calls.map(({ input }) => [input['IndexName'], input['ConsistentRead'], input['Limit']])).toEqual([
      ['waiting', undefined, 1],
      [undefined, true, 500],
    ]);
    expect(calls[1]?.input['ExpressionAttributeValues']).toMatchObject({ ':low': { S: arrivals[0] } });
  });

  test('reads nothing more when nothing waits', async () => {
    const { data, calls } = await ask(olga, list, { queue: 'fifo' }, { Items: [] });
    expect(data).toEqual({ deadLetters: { items: [], nextToken: null } });
    expect(calls).toHaveLength(1);
  });

  test.each([
    [{ status: 'redriven' }, [1]],
    [{ status: 'waiting' }, [0]],
    [{ redriveId }, [1, 2]],
    [{ redriveId, status: 'redriving' }, [2]],
  ])('finds %j without the index', async (asked, expected) => {
    const settled = letter(1, { status: 'redriven', redriveId });
    const inHand = letter(2, { status: 'redriving', redriveId });
    const { data, calls } = await ask(olga, list, { queue: 'fifo', ...asked }, rows(letter(0), settled, inHand));
    expect(arrivalsIn(data)).toEqual(expected.map((at) => arrivals[at]));
    expect(calls.map(({ input }) => input['IndexName'])).toEqual([undefined]);
  });

  test('shows a long body and a long attribute in part, and says so', async () => {
    const body = `${'ä'.repeat(5000)}`;
    const attributes = {
      targetChannel: { dataType: 'String', text: 'WebSocket' },
      blob: { dataType: 'Binary', binary: 'A'.repeat(2000) },
    };
    const { data } = await ask(olga, list, { queue: 'fifo' }, first, rows(letter(0, { body, attributes })));
    expect(data).toMatchObject({
      deadLetters: {
        items: [
          {
            body: 'ä'.repeat(4096),
            bodyBytes: 10_000,
            bodyTruncated: true,
            attributes: [
              { name: 'targetChannel', dataType: 'String', value: 'WebSocket', truncated: false },
              { name: 'blob', dataType: 'Binary', value: 'A'.repeat(1024), truncated: true },
            ],
          },
        ],
      },
    });
  });

  test.each(['', 'a', 'ab', 'abc', 'ä', '💬'])('counts the bytes of %j', async (body) => {
    const { data } = await ask(olga, list, { queue: 'fifo' }, first, rows(letter(0, { body })));
    expect(data).toMatchObject({
      deadLetters: { items: [{ body, bodyBytes: Buffer.byteLength(body), bodyTruncated: false }] },
    });
  });

  test('goes on after the last letter shown, or after the last one looked at', async () => {
    const all = rows(letter(0), letter(1), letter(2, { chatId: 'c2' }), letter(3, { chatId: 'c2' }));
    const asked = { queue: 'fifo', limit: 1, filter: { chatId: 'c1' } };
    const one = await ask(olga, list, asked, first, all);
    expect(arrivalsIn(one.data)).toEqual([arrivals[0]]);
    const { nextToken } = one.data?.['deadLetters'] as { nextToken: string };
    const more = {
      ...rows(letter(1), letter(2, { chatId: 'c2' })),
      LastEvaluatedKey: stored({ queue: 'fifo', arrival: arrivals[2] }),
    };
    const two = await ask(olga, list, { ...asked, nextToken }, first, more);
    expect(two.calls[0]?.input['ExpressionAttributeValues']).toMatchObject({ ':low': { S: `${arrivals[0]}0` } });
    expect(arrivalsIn(two.data)).toEqual([arrivals[1]]);
    const page = two.data?.['deadLetters'] as { nextToken: string };
    const three = await ask(olga, list, { ...asked, nextToken: page.nextToken }, first, rows());
    expect(three.calls[0]?.input['ExpressionAttributeValues']).toMatchObject({ ':low': { S: `${arrivals[2]}0` } });
    expect(three.data).toMatchObject({ deadLetters: { items: [], nextToken: null } });
  });

  test('looks only where the times of the filter are', async () => {
    const filter = { sentAfter: '2016-07-30T23:54:10.259Z', sentBefore: '2016-07-31T01:54:10.260+02:00' };
    const { calls } = await ask(olga, list, { queue: 'fifo', filter }, first, rows());
    expect(calls[0]?.input['ExpressionAttributeValues']).toMatchObject({
      ':low': { S: '01ARZ3NDEK0000000000000000' },
      ':high': { S: '01ARZ3NDEM000000000000000' },
    });
  });

  test('takes no token of another filter', async () => {
    const one = await ask(olga, list, { queue: 'fifo', limit: 1 }, first, rows(letter(0), letter(1)));
    const { nextToken } = one.data?.['deadLetters'] as { nextToken: string };
    const { error, calls } = await ask(olga, list, { queue: 'fifo', filter: { chatId: 'c1' }, nextToken });
    expect(error).toMatchObject({ errorType: 'InvalidInput', message: expect.stringContaining('nextToken') });
    expect(calls).toEqual([]);
  });
});

describe('redrives', () => {
  const list = `query($limit: Int, $nextToken: String) { redrives(limit: $limit, nextToken: $nextToken) { items { redriveId } nextToken } }`;
  const other = '01M80VZCQ2ZP0S3N2QGKVD3XPD';

  test('one is read strongly', async () => {
    const query = `{ redrive(redriveId: "${redriveId}") { ${redriveFields} } }`;
    const { data, calls } = await ask(olga, query, {}, { Item: stored(redriveRow) });
    expect(data).toEqual({ redrive: shownRedrive });
    expect(calls).toEqual([
      { action: 'GetItem', input: { TableName: 'Redrives', Key: stored({ redriveId }), ConsistentRead: true } },
    ]);
  });

  test('one that is not there, or past its retention, is null', async () => {
    const query = `{ redrive(redriveId: "${redriveId}") { queue } }`;
    expect((await ask(olga, query, {}, {})).data).toEqual({ redrive: null });
    const ended = { ...redriveRow, expiresAt: later - 7200 };
    expect((await ask(olga, query, {}, { Item: stored(ended) })).data).toEqual({ redrive: null });
  });

  test('are listed newest first, two of the same moment on two pages, too', async () => {
    const newest = { Items: [stored({ ...redriveRow, redriveId: other }), stored(redriveRow)] };
    const one = await ask(olga, list, { limit: 1 }, newest);
    expect(one.calls[0]?.input).toMatchObject({ IndexName: 'byTime', ScanIndexForward: false, Limit: 2 });
    const { items, nextToken } = one.data?.['redrives'] as { items: unknown[]; nextToken: string };
    expect(items).toEqual([{ redriveId: other }]);
    const two = await ask(olga, list, { limit: 1, nextToken }, newest);
    expect(two.calls[0]?.input['ExpressionAttributeValues']).toMatchObject({ ':until': { S: redriveRow.startedAt } });
    expect(two.data).toEqual({ redrives: { items: [{ redriveId }], nextToken: null } });
  });
});

describe('what an operator gets wrong', () => {
  const ids = (count: number) => Array(count).fill(redriveId);
  test.each([
    [
      plan,
      { input: { ...input, queue: 'main' } },
      'Invalid queue: expected one of standard, fifo, delivery-retry, fan-out, permission-stream, got "main"',
    ],
    [plan, { input: { ...input, queue: 'x'.repeat(99) } }, `got "${'x'.repeat(60)}.."`],
    [plan, { input: { ...input, queue: 'permission-stream' } }, 'Invalid mode: expected discard for permission-stream'],
    [
      plan,
      { input: { ...input, maxMessages: 0 } },
      'Invalid maxMessages: expected a whole number from 1 to 1000000, got 0',
    ],
    [plan, { input: { ...input, maxMessages: 1_000_001 } }, 'got 1000001'],
    [
      plan,
      { input: { ...input, maxPerSecond: -1 } },
      'Invalid maxPerSecond: expected a whole number from 1 to 100, got -1',
    ],
    [plan, { input: { ...input, maxPerSecond: 101 } }, 'got 101'],
    [
      plan,
      { input: { ...input, filter: { chatId: 'a b' } } },
      'Invalid filter.chatId: expected 1 to 128 characters of A-Z a-z 0-9 - _ . : @, got "a b"',
    ],
    [plan, { input: { ...input, filter: { senderId: '' } } }, 'Invalid filter.senderId'],
    [
      plan,
      { input: { ...input, filter: { eventType: '' } } },
      'Invalid filter.eventType: expected 1 to 256 characters, got none',
    ],
    [plan, { input: { ...input, filter: { eventType: 'x'.repeat(257) } } }, 'expected at most 256 characters, got 257'],
    [plan, { input: { ...input, filter: { reason: '' } } }, 'Invalid filter.reason'],
    [plan, { input: { ...input, filter: { messageIds: [] } } }, 'Invalid filter.messageIds: expected 1 to 100, got 0'],
    [plan, { input: { ...input, filter: { messageIds: ids(101) } } }, 'expected 1 to 100, got 101'],
    [
      plan,
      { input: { ...input, filter: { messageIds: [redriveId, 'nope'] } } },
      'Invalid filter.messageIds[1]: expected a ULID, in upper case, got "nope"',
    ],
    [
      plan,
      { input: { ...input, filter: { sentAfter: '1969-12-31T23:59:59Z' } } },
      'Invalid filter.sentAfter: expected a time since 1970',
    ],
    [
      plan,
      { input: { ...input, filter: { sentAfter: '2026-01-02T00:00:00Z', sentBefore: '2026-01-01T00:00:00Z' } } },
      'Invalid filter.sentBefore: expected a time after sentAfter, 2026-01-02T00:00:00Z, got 2026-01-01T00:00:00Z',
    ],
    [start, { input, reason: ' \n' }, 'Invalid reason: expected why, in words, got " \\n"'],
    [start, { input, reason: 'x'.repeat(501) }, 'Invalid reason: expected at most 500 characters, got 501'],
    [start, { input: { ...input, queue: 'main' }, reason: 'why' }, 'Invalid queue'],
    [cancel, { redriveId: 'latest', reason: 'why' }, 'Invalid redriveId: expected a ULID, in upper case, got "latest"'],
    [cancel, { redriveId, reason: '' }, 'Invalid reason'],
    ['query($queue: ID!) { deadLetters(queue: $queue) { nextToken } }', { queue: 'main' }, 'Invalid queue'],
    ['query($id: ID!) { deadLetters(queue: "fifo", redriveId: $id) { nextToken } }', { id: 'x' }, 'Invalid redriveId'],
    ['query($id: ID!) { redrive(redriveId: $id) { queue } }', { id: 'lock#fifo' }, 'Invalid redriveId'],
    ['{ redrives(limit: 101) { nextToken } }', {}, 'Invalid limit'],
    ['{ deadLetters(queue: "fifo", limit: 0) { nextToken } }', {}, 'Invalid limit'],
  ])('is told what was expected and what came: %#', async (query, variables, message) => {
    const { error, calls } = await ask(olga, query, variables);
    expect(error).toMatchObject({ errorType: 'InvalidInput', message: expect.stringContaining(message) });
    expect([calls, control.started]).toEqual([[], []]);
  });

  test('a date that is none is not taken at all', async () => {
    const { errors } = await ask(olga, plan, { input: { ...input, filter: { sentAfter: 'yesterday' } } });
    expect(errors?.[0]?.message).toContain('sentAfter');
    expect(control.started).toEqual([]);
  });
});

describe('planRedrive', () => {
  const planned = {
    ...{ examined: 3, matched: 2, skipped: 1, complete: true },
    sample: [
      { arrival: 'a', messageId: 'm', chatId: 'c', outcome: 'redrive', why: 'it can be sent again' },
      { arrival: 'b', outcome: 'skip', why: 'nothing can read it' },
    ],
  };

  test('runs redrive-control with the role of its data source, and only what was given', async () => {
    control.succeed(planned);
    const { data } = await ask(olga, plan, { input: { ...input, filter: { chatId: 'c1', senderId: null } } });
    expect(control.started).toEqual([
      {
        host: 'sync-states.us-east-1.amazonaws.com',
        role: 'appsync',
        stateMachineArn: redriveControlArn,
        input: {
          action: 'plan',
          input: { queue: 'fifo', mode: 'redrive', filter: { chatId: 'c1' }, includeRevokedSenders: false },
        },
      },
    ]);
    const [redriven, skipped] = planned.sample;
    expect(data?.['planRedrive']).toEqual({
      ...planned,
      sample: [redriven, { ...skipped, messageId: null, chatId: null }],
    });
  });

  test('hands on every limit, and times without their offsets', async () => {
    control.succeed(planned);
    const filter = {
      ...{
        chatId: 'c1',
        senderId: 's1',
        eventType: 'chat',
        reason: 'JSON',
        messageIds: [redriveId],
        unreadable: false,
      },
      ...{ sentAfter: '2026-01-01T02:00:00+02:00', sentBefore: '2026-01-02T00:00:00.5Z' },
    };
    await ask(olga, plan, {
      input: {
        queue: 'standard',
        mode: 'discard',
        filter,
        maxMessages: 5,
        maxPerSecond: 2,
        includeRevokedSenders: true,
      },
    });
    expect(control.started[0]?.input['input']).toEqual({
      ...{ queue: 'standard', mode: 'discard', maxMessages: 5, maxPerSecond: 2, includeRevokedSenders: true },
      filter: { ...filter, sentAfter: '2026-01-01T00:00:00.000Z', sentBefore: '2026-01-02T00:00:00.500Z' },
    });
  });
});

describe('startRedrive', () => {
  const variables = { input: { ...input, filter: { chatId: 'c1' } }, reason: 'the table is back' };

  test('says who starts which redrive when, and why', async () => {
    control.succeed(redriveRow);
    const before = Date.now();
    const { data } = await ask(olga, start, variables);
    expect(data).toEqual({ startRedrive: shownRedrive });
    const { action, redrive } = control.started[0]?.input as { action: string; redrive: Record<string, string> };
    expect(action).toBe('start');
    expect(redrive).toEqual({
      ...{ redriveId: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/), queue: 'fifo', mode: 'redrive' },
      ...{ filter: { chatId: 'c1' }, includeRevokedSenders: false, reason: 'the table is back' },
      ...{ startedBy: `olga (${olga.userId})`, startedAt: expect.any(String) },
    });
    expect(Date.parse(redrive['startedAt'] ?? '')).toBeGreaterThanOrEqual(before);
  });

  test.each(['Conflict', 'NotFound', 'InvalidInput'])('hands on %s with its cause', async (type) => {
    control.fail(type, 'Redrive X is at it, started by olga.');
    const { data, error } = await ask(olga, start, variables);
    expect(data).toBeNull();
    expect(error).toMatchObject({ errorType: type, message: 'Redrive X is at it, started by olga.' });
  });

  test.each([
    ['an execution failed by itself', 200, { status: 'FAILED', error: 'States.TaskFailed', cause: 'table secret' }],
    ['an execution timed out', 200, { status: 'TIMED_OUT' }],
    ['a success without output', 200, { status: 'SUCCEEDED' }],
    ['an empty answer', 200, {}],
    ['an answer that is no JSON', 200, '<html>'],
    ['an answer that is no object', 200, '7'],
    ['a server error', 500, { __type: 'InternalFailure', message: 'table secret' }],
  ])('is an error that names the redrive to look for after %s', async (_, status, body) => {
    control.next(status, body);
    const { data, error } = await ask(olga, start, variables);
    expect(data).toBeNull();
    const { redrive } = control.started[0]?.input as { redrive: { redriveId: string } };
    expect(error?.errorType).toBe('InternalFailure');
    expect(error?.message).toContain(redrive.redriveId);
    expect(error?.message).not.toContain('secret');
  });

  test.each([
    ['ThrottlingException', 400, 'Throttled'],
    ['TooManyRequestsException', 429, 'Throttled'],
    ['AccessDeniedException', 400, 'InternalFailure'],
    ['com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist', 400, 'InternalFailure'],
  ])('is an error after %s, and never a result', async (__type, status, errorType) => {
    control.next(status, { __type, message: 'arn:secret' });
    const { data, error } = await ask(olga, start, variables);
    expect(data).toBeNull();
    expect(error).toMatchObject({ errorType, message: expect.not.stringContaining('secret') });
  });

  test('is an error when the answer is lost', async () => {
    control.edge.faults.add({ service: 'states', times: 1, fault: { dropReply: true } });
    control.succeed(redriveRow);
    const { data, error } = await ask(olga, start, variables);
    expect([data, error?.errorType]).toEqual([null, 'InternalFailure']);
    expect(error?.message).toMatch(/^Nobody knows whether redrive [0-9A-Z]{26} was started/);
  });
});

describe('cancelRedrive', () => {
  test('says who wants the end, when, and why', async () => {
    const cancelRequest = { by: `olga (${olga.userId})`, reason: 'wrong queue', at: '2026-01-01T00:01:00.000Z' };
    control.succeed({ ...redriveRow, cancelRequest });
    const { data } = await ask(olga, cancel, { redriveId, reason: 'wrong queue' });
    expect(data).toEqual({ cancelRedrive: { ...shownRedrive, cancelRequest } });
    expect(control.started[0]?.input).toEqual({
      ...{ action: 'cancel', redriveId, by: `olga (${olga.userId})`, reason: 'wrong queue', at: expect.any(String) },
    });
  });

  test('hands on that there is no such redrive', async () => {
    control.fail('NotFound', 'There is no such redrive.');
    const { error } = await ask(olga, cancel, { redriveId, reason: 'wrong queue' });
    expect(error).toMatchObject({ errorType: 'NotFound', message: 'There is no such redrive.' });
  });
});

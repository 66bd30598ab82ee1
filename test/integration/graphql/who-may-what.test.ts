import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ObjectTypeDefinitionNode, parse } from 'graphql';
import { type Cloud, startCloud } from '../../setup/cloud.ts';
import { until } from '../../setup/until.ts';
import { Api, fresh } from './api.ts';
import { expired } from './expired-token.ts';

/**
 * Ada is in the Cognito group `admins`. Of the chat, Carol is an admin, Bob a member, Vera a viewer; Mallory is a stranger, and so is
 * Olga, who is in the group `operators`. `late` is Ada with a token that has expired, and `nobody` brings none.
 */
const who = ['ada', 'carol', 'bob', 'vera', 'mallory', 'olga', 'late', 'nobody'] as const;
type Who = (typeof who)[number];

const refused = (status: number, errorType: string, message: unknown) => ({ status, errors: [{ errorType, message }] });
const forbidden = 'Forbidden: you do not have the permission this needs.';
/** What the errors are; none where the answer is what the row says. */
const refusals = {
  F: refused(200, 'Forbidden', forbidden),
  /** As F, of the first of several inputs. */
  B: refused(200, 'Forbidden', `inputs[0]: ${forbidden}`),
  /** The field is for a group. */
  G: refused(200, 'Unauthorized', expect.stringMatching(/^Not Authorized to access \w+ on type (Query|Mutation)$/)),
  /** The name is taken. */
  T: refused(200, 'Conflict', 'A chat of this name exists already.'),
  /** The last admin stays. */
  L: refused(200, 'Conflict', 'The last admin of a chat cannot be removed or lowered.'),
  /** There is nothing to revoke. */
  R: refused(200, 'NotFound', 'There is no such permission.'),
  /** There is no such redrive. */
  M: refused(200, 'NotFound', expect.stringContaining('redrive')),
  /** The name belongs to a user. */
  I: refused(200, 'InvalidInput', expect.stringContaining('shape of a user id')),
  X: refused(401, 'UnauthorizedException', 'Token has expired.'),
  N: refused(401, 'UnauthorizedException', 'Valid authorization header not provided.'),
};
type Outcome = keyof typeof refusals | 'ok' | 'none';

/** What a question is made of. `me` is the asker's user id. */
type Scene = { chat: string; messageId: string; partId: string; me: string; bob: string; carol: string; asker: Who };
type Row = [
  field: string,
  of: string,
  ask: (scene: Scene) => string,
  /** What `ok` answers; `none` is null. */
  value: (scene: Scene) => unknown,
  /** One for each of `who`. */
  outcomes: string,
];

const q = JSON.stringify;
const page = '{ items { chatId userId } nextToken }';
const history = '{ items { messageId } nextToken }';
const live = '{ items { userId } nextToken }';
const nowhere = 'a-chat-that-is-not-there';
const group = { groupId: 'a file', totalParts: 2 };
const noRedrive = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const emptyQueue = '{ queue: "delivery-retry", mode: redrive }';
const absent = () => null;
const empty = () => ({ items: [], nextToken: null });
const somePage = () => ({ items: expect.any(Array) as unknown });
const holds = (item: unknown) => ({ items: expect.arrayContaining([item]) as unknown });
const grant = (userId: string, chatId: string) => `{ userId: ${q(userId)}, chatId: ${q(chatId)} }`;
const granted = ({ me }: Scene) => ({ role: 'member', grantedBy: me });
/** Someone whom only this asker is to revoke. */
const target = (asker: Who) => `target-of-${asker}`;

// prettier-ignore
const rows: Row[] = [
  //                                                                                                     ada carol bob vera mallory olga late nobody
  ['Query.permission', 'one’s own', ({ me, chat }) => `permission(userId: ${q(me)}, chatId: ${q(chat)}) { userId }`,
    ({ me }) => ({ userId: me }), 'none ok ok ok none none X N'],
  ['Query.permission', 'Bob’s', ({ bob, chat }) => `permission(userId: ${q(bob)}, chatId: ${q(chat)}) { userId role }`,
    ({ bob }) => ({ userId: bob, role: 'member' }), 'ok ok ok F F F X N'],
  ['Query.permission', 'Bob’s, nowhere', ({ bob }) => `permission(userId: ${q(bob)}, chatId: ${q(nowhere)}) { role }`,
    absent, 'none F none F F F X N'],
  ['Query.permissionsByUser', 'one’s own', ({ me }) => `permissionsByUser(userId: ${q(me)}) ${page}`,
    somePage, 'ok ok ok ok ok ok X N'],
  ['Query.permissionsByUser', 'Bob’s', ({ bob }) => `permissionsByUser(userId: ${q(bob)}) ${page}`,
    ({ bob, chat }) => holds({ userId: bob, chatId: chat }), 'ok F ok F F F X N'],
  ['Query.permissionsByChat', 'the chat', ({ chat }) => `permissionsByChat(chatId: ${q(chat)}) ${page}`,
    ({ bob, chat }) => holds({ userId: bob, chatId: chat }), 'ok ok F F F F X N'],
  ['Query.permissionsByChat', 'one’s own', ({ me }) => `permissionsByChat(chatId: ${q(me)}) ${page}`,
    somePage, 'ok ok ok ok ok ok X N'],
  ['Query.permissionsByChat', 'nowhere', () => `permissionsByChat(chatId: ${q(nowhere)}) ${page}`,
    empty, 'ok F F F F F X N'],
  ['Query.chat', 'the chat', ({ chat }) => `chat(chatId: ${q(chat)}) { chatId createdBy headSequence }`,
    ({ chat, carol }) => ({ chatId: chat, createdBy: carol, headSequence: 1 }), 'ok ok ok ok F F X N'],
  ['Query.chat', 'nowhere', () => `chat(chatId: ${q(nowhere)}) { chatId }`,
    absent, 'none F F F F F X N'],
  ['Query.message', 'the chat', ({ chat, messageId }) => `message(chatId: ${q(chat)}, messageId: ${q(messageId)}) { messageId }`,
    ({ messageId }) => ({ messageId }), 'ok ok ok ok F F X N'],
  ['Query.message', 'nowhere', ({ messageId }) => `message(chatId: ${q(nowhere)}, messageId: ${q(messageId)}) { messageId }`,
    absent, 'none F F F F F X N'],
  ['Query.messages', 'the chat', ({ chat }) => `messages(chatId: ${q(chat)}) ${history}`,
    ({ messageId }) => holds({ messageId }), 'ok ok ok ok F F X N'],
  ['Query.messages', 'one’s own', ({ me }) => `messages(chatId: ${q(me)}) ${history}`,
    empty, 'ok ok ok ok ok ok X N'],
  ['Query.messages', 'nowhere', () => `messages(chatId: ${q(nowhere)}) ${history}`,
    empty, 'ok F F F F F X N'],
  ['Query.messagesBySequence', 'the chat', ({ chat }) => `messagesBySequence(chatId: ${q(chat)}, from: 1) ${history}`,
    ({ messageId }) => holds({ messageId }), 'ok ok ok ok F F X N'],
  ['Query.messagesBySequence', 'nowhere', () => `messagesBySequence(chatId: ${q(nowhere)}, from: 1) ${history}`,
    empty, 'ok F F F F F X N'],
  ['Query.connectionsByChat', 'the chat', ({ chat }) => `connectionsByChat(chatId: ${q(chat)}) ${live}`,
    somePage, 'ok G G G G G X N'],
  ['Query.connectionsByUser', 'one’s own', ({ me }) => `connectionsByUser(userId: ${q(me)}) ${live}`,
    somePage, 'ok G G G G G X N'],
  ['Query.multiPartGroup', 'one of the chat’s', ({ chat }) => `multiPartGroup(chatId: ${q(chat)}, groupId: ${q(group.groupId)}) { totalParts receivedParts missingParts messageIds }`,
    ({ partId }) => ({ totalParts: 2, receivedParts: 1, missingParts: [1], messageIds: [partId] }), 'ok ok ok ok F F X N'],
  ['Query.multiPartGroup', 'none of that name', ({ chat }) => `multiPartGroup(chatId: ${q(chat)}, groupId: "none") { status }`,
    absent, 'none none none none F F X N'],
  ['Query.multiPartGroup', 'nowhere', () => `multiPartGroup(chatId: ${q(nowhere)}, groupId: "none") { status }`,
    absent, 'none F F F F F X N'],
  ['Query.deadLetterQueues', 'all', () => 'deadLetterQueues { name }',
    () => ['standard', 'fifo', 'delivery-retry', 'fan-out', 'permission-stream'].map((name) => ({ name })), 'G G G G G ok X N'],
  ['Query.deadLetters', 'a queue', () => 'deadLetters(queue: "fifo") { items { arrival } nextToken }',
    empty, 'G G G G G ok X N'],
  ['Query.redrive', 'none', () => `redrive(redriveId: ${q(noRedrive)}) { status }`,
    absent, 'G G G G G none X N'],
  ['Query.redrives', 'all', () => 'redrives { items { redriveId } nextToken }',
    somePage, 'G G G G G ok X N'],
  ['Mutation.planRedrive', 'an empty queue', () => `planRedrive(input: ${emptyQueue}) { matched complete }`,
    () => ({ matched: 0, complete: true }), 'G G G G G ok X N'],
  ['Mutation.startRedrive', 'an empty queue', () => `startRedrive(input: ${emptyQueue}, reason: "to see who may") { queue startedBy }`,
    ({ me }) => ({ queue: 'delivery-retry', startedBy: `olga (${me})` }), 'G G G G G ok X N'],
  ['Mutation.cancelRedrive', 'none', () => `cancelRedrive(redriveId: ${q(noRedrive)}, reason: "to see who may") { status }`,
    absent, 'G G G G G M X N'],
  ['Mutation.createChat', 'a free name', () => `createChat(chatId: ${q(fresh('created'))}) { createdBy headSequence }`,
    ({ me }) => ({ createdBy: me, headSequence: 0 }), 'ok ok ok ok ok ok X N'],
  ['Mutation.createChat', 'no name', () => 'createChat { createdBy }',
    ({ me }) => ({ createdBy: me }), 'ok ok ok ok ok ok X N'],
  ['Mutation.createChat', 'the chat', ({ chat }) => `createChat(chatId: ${q(chat)}) { chatId }`,
    absent, 'T T T T T T X N'],
  ['Mutation.createChat', 'a user’s name', ({ bob }) => `createChat(chatId: ${q(bob)}) { chatId }`,
    absent, 'I I I I I I X N'],
  ['Mutation.grantPermission', 'the chat', ({ chat }) => `grantPermission(input: ${grant(fresh('guest'), chat)}) { role grantedBy }`,
    granted, 'ok ok F F F F X N'],
  ['Mutation.grantPermission', 'one’s own', ({ me }) => `grantPermission(input: ${grant(fresh('guest'), me)}) { role grantedBy }`,
    granted, 'ok ok ok ok ok ok X N'],
  ['Mutation.grantPermission', 'nowhere', () => `grantPermission(input: ${grant('guest', fresh(nowhere))}) { role grantedBy }`,
    granted, 'ok F F F F F X N'],
  ['Mutation.grantPermissions', 'the chat', ({ chat }) => `grantPermissions(inputs: [${grant(fresh('guest'), chat)}]) { role grantedBy }`,
    (scene) => [granted(scene)], 'ok ok B B B B X N'],
  ['Mutation.grantPermissions', 'nowhere', () => `grantPermissions(inputs: [${grant('guest', fresh(nowhere))}]) { role grantedBy }`,
    (scene) => [granted(scene)], 'ok B B B B B X N'],
  ['Mutation.grantPermissions', 'one’s own', ({ me }) => `grantPermissions(inputs: [${grant(fresh('guest'), me)}]) { role grantedBy }`,
    (scene) => [granted(scene)], 'ok ok ok ok ok ok X N'],
  ['Mutation.revokePermission', 'the chat', ({ chat, asker }) => `revokePermission(userId: ${q(target(asker))}, chatId: ${q(chat)}) { userId }`,
    ({ asker }) => ({ userId: target(asker) }), 'ok ok F F F F X N'],
  ['Mutation.revokePermission', 'the last admin', ({ chat, carol }) => `revokePermission(userId: ${q(carol)}, chatId: ${q(chat)}) { userId }`,
    absent, 'L L F F F F X N'],
  ['Mutation.revokePermission', 'one who has none', ({ chat }) => `revokePermission(userId: "no-one", chatId: ${q(chat)}) { userId }`,
    absent, 'R R F F F F X N'],
];

const schema = parse(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'));
const fields = schema.definitions
  .filter((node): node is ObjectTypeDefinitionNode => node.kind === 'ObjectTypeDefinition')
  .filter(({ name }) => ['Query', 'Mutation'].includes(name.value))
  .flatMap(({ name, fields = [] }) => fields.map((field) => `${name.value}.${field.name.value}`));

test('every field of Query and Mutation has its rows, with an outcome for everybody', () => {
  expect([...new Set(rows.map(([field]) => field))].sort()).toEqual(fields.sort());
  for (const [field, of, , , outcomes] of rows) {
    const known = outcomes.split(' ').filter((outcome) => ['ok', 'none', ...Object.keys(refusals)].includes(outcome));
    expect([field, of, known.length]).toEqual([field, of, who.length]);
  }
});

describe('who may do what', () => {
  let cloud: Cloud;
  let api: Api;
  let tokens: Record<Who, string | undefined>;
  const chat = fresh('chat');
  let messageId: string;
  let partId: string;

  beforeAll(async () => {
    cloud = await startCloud();
    api = new Api(cloud.outputs);
    const [ada, carol, bob, vera, mallory, olga] = await Promise.all(who.slice(0, 6).map((name) => api.token(name)));
    tokens = { ada, carol, bob, vera, mallory, olga, late: expired(ada ?? '', cloud.dataFolder), nobody: undefined };
    await api.createChat('carol', chat);
    await api.grant('carol', { userId: api.userId('bob'), chatId: chat, role: 'member' });
    await api.grant('carol', { userId: api.userId('vera'), chatId: chat, role: 'viewer' });
    for (const asker of who) await api.grant('carol', { userId: target(asker), chatId: chat, role: 'member' });
    messageId = await api.publish('bob', { chatId: chat, content: 'a message' }, { generateSequence: true });
    const part = { chatId: chat, content: 'the end of it', multiPartMetadata: { ...group, partNumber: 2 } };
    partId = await api.publish('bob', part);
    for (const id of [messageId, partId]) await until('the message in history', () => api.finds('bob', chat, id));
  });

  afterAll(() => cloud.stop());

  async function ask(asker: Who, row: Row) {
    const [field, , ask, value] = row;
    const me = api.userId(asker === 'late' || asker === 'nobody' ? 'ada' : asker);
    const scene = { chat, messageId, partId, me, asker, bob: api.userId('bob'), carol: api.userId('carol') };
    const operation = field.split('.')[0]?.toLowerCase();
    const query = `${operation} { asked: ${ask(scene)} }`;
    return { expected: value(scene), ...(await api.post(tokens[asker], JSON.stringify({ query }))) };
  }

  const cases = rows.flatMap((row) =>
    row[4].split(' ').map((outcome, at): [string, string, Who, Outcome, Row] => {
      return [row[0], row[1], who[at] as Who, outcome as Outcome, row];
    }),
  );

  test.each(cases)('%s (%s) by %s: %s', async (_field, _of, asker, outcome, row) => {
    const { expected, ...answer } = await ask(asker, row);
    if (outcome === 'ok') {
      expect(answer).toEqual({ status: 200, data: { asked: expect.anything() } });
      expect(answer.data).toMatchObject({ asked: expected });
    } else if (outcome === 'none') {
      expect(answer).toEqual({ status: 200, data: { asked: null } });
    } else {
      const { status, errors } = refusals[outcome];
      expect(answer).toMatchObject({ status, errors });
      expect(answer.errors).toHaveLength(1);
      expect(answer.data?.['asked'] ?? null).toBeNull();
    }
  });

  test('what is refused leaves nothing behind', async () => {
    const rights = () =>
      api.data('ada', `{ permissionsByChat(chatId: ${q(chat)}, limit: 100) { items { userId role } } }`);
    const guest = fresh('guest');
    for (const asker of ['bob', 'vera', 'mallory']) {
      for (const mutation of [
        `grantPermission(input: ${grant(guest, chat)}) { role }`,
        `grantPermissions(inputs: [${grant(guest, api.userId(asker))}, ${grant(guest, chat)}]) { role }`,
        `revokePermission(userId: ${q(api.userId('carol'))}, chatId: ${q(chat)}) { role }`,
      ]) {
        const { data, errors } = await api.ask(asker, `mutation { ${mutation} }`);
        expect({ data, types: errors?.map(({ errorType }) => errorType) }).toEqual({
          data: null,
          types: ['Forbidden'],
        });
      }
      const own = await api.data(
        'ada',
        `{ permission(userId: ${q(guest)}, chatId: ${q(api.userId(asker))}) { role } }`,
      );
      expect(own).toEqual({ permission: null });
    }
    expect(JSON.stringify(await rights())).not.toContain(guest);
    expect(await rights()).toMatchObject({
      permissionsByChat: holds({ userId: api.userId('carol'), role: 'admin' }),
    });
  });
});

import fc from 'fast-check';
import { ulid } from 'ulid';
import { readOrder } from '../../functions/domain/redriving/order.ts';
import { isMeant, type Letter } from '../../resolvers/rules/dead-letters.ts';
import { askerOf, olga } from './api.ts';
import { scriptedDynamoDb, stored } from './scripted-dynamodb.ts';
import { ScriptedStepFunctions } from './scripted-step-functions.ts';

const noon = Date.parse('2026-01-01T12:00:00.000Z');
const ids = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAW', '01ARZ3NDEKTSV4RRFFQ69G5FAX'];
const some = <Value>(...values: Value[]) => fc.constantFrom(...values);
const perhaps = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const millisecond = fc.integer({ min: -3, max: 3 }).map((offset) => noon + offset);

/** Letters of the same few chats, people and moments, so that filters mean some of them. */
const letters = fc.array(
  fc.record({
    arrival: millisecond.map((at) => ulid(at)),
    reason: some('not JSON', 'Conflict: messageId is already used', 'crash or timeout'),
    readable: fc.boolean(),
    chatId: perhaps(some('c1', 'c2')),
    senderId: perhaps(some('s1', 's2')),
    eventType: perhaps(some('chat', 'call')),
    messageId: perhaps(some(...ids)),
  }),
  { maxLength: 20 },
);

/** A moment as somebody may write it: in UTC or with another offset, with or without its fraction. */
const written = fc.tuple(millisecond, some('Z', '+02:00', '-05:30')).map(([at, offset]) => {
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d+):(\d+)/.exec(offset) ?? [];
  const shift = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return new Date(at + shift * 60_000).toISOString().replace('.000Z', 'Z').replace('Z', offset);
});

const filters = fc.record({
  chatId: perhaps(some('c1', 'c2')),
  senderId: perhaps(some('s1', 's2')),
  eventType: perhaps(some('chat', 'cha')),
  reason: perhaps(some('json', 'CONFLICT', 'o')),
  messageIds: perhaps(fc.array(some(...ids), { minLength: 1, maxLength: 2 })),
  unreadable: perhaps(fc.boolean()),
  sentAfter: perhaps(written),
  sentBefore: perhaps(written),
});

const list = `query($filter: DeadLetterFilter) { deadLetters(queue: "fifo", filter: $filter, limit: 100) { items { arrival } } }`;
const plan = 'mutation($input: RedriveInput!) { planRedrive(input: $input) { matched } }';

let control: ScriptedStepFunctions;
beforeAll(async () => {
  control = await ScriptedStepFunctions.start();
});
afterAll(() => control.stop());

test('a redrive takes the letters that a look with the same filter shows', async () => {
  await fc.assert(
    fc.asyncProperty(letters, filters, async (drawn, filter) => {
      const inOrder = drawn.sort((one, other) => (one.arrival < other.arrival ? -1 : 1)) as Letter[];
      const rows = inOrder.map((letter) => ({
        ...{ ...letter, queue: 'fifo', status: 'waiting', body: '', attributes: {}, sqsMessageId: 'sqs' },
        ...{ sentAt: '2026-01-01T12:00:00.000Z', receiveCount: 3 },
      }));
      const first = { Items: [stored({ queue: 'fifo', arrival: inOrder[0]?.arrival ?? '0', waitingIn: 'fifo' })] };
      const { client } = scriptedDynamoDb(first, { Items: rows.map(stored) });
      const shown = await askerOf(client, control.edge.url)(olga, list, { filter });

      control.started.splice(0);
      control.succeed({ examined: 0, matched: 0, skipped: 0, complete: true, sample: [] });
      const planned = await askerOf(client, control.edge.url)(olga, plan, {
        input: { queue: 'fifo', mode: 'redrive', filter },
      });
      // Times the wrong way round are refused by both.
      expect(planned.errors?.[0]?.message).toEqual(shown.errors?.[0]?.message);
      if (shown.errors) return control.forget();
      const { selection } = readOrder(control.started[0]?.input['input']);
      const meant = inOrder.filter((letter) => isMeant(selection, letter)).map(({ arrival }) => ({ arrival }));
      expect(shown.data).toEqual({ deadLetters: { items: meant } });
    }),
    { numRuns: 200 },
  );
});

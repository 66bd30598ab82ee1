import { type FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { journeyOf } from '../../local/journey/journey.ts';
import { journeyText } from '../../local/journey/journey-text.ts';
import { linesAbout, type MessageLine } from '../../local/journey/message-lines.ts';
import { whatHappened } from '../../local/journey/what-happened.ts';

const messageId = '01M80XY18F3Q0QC9X5ETZA5NCR';
const [before, after] = ['01M80XY18F3Q0QC9X5ETZA5NCQ', '01M80XY18F3Q0QC9X5ETZA5NCS'];
const publishedAt = Date.parse('2026-11-22T06:08:42.767Z');

function line(afterMs: number, service: string, message: string, more: Record<string, unknown> = {}): MessageLine {
  const timestamp = new Date(publishedAt + afterMs).toISOString();
  return { level: 'INFO', message, timestamp, service, function_request_id: `request-${afterMs}`, messageId, ...more };
}

const run = { messageId: undefined, messageIds: [before, messageId, after] };

describe('what happened to a message', () => {
  const sentences: [message: string, details: Record<string, unknown>, words: string][] = [
    ['Published', { messageType: 'sequenced' }, 'Published, sequenced'],
    ['Repeated', {}, 'Published again: history has it, so nothing was sent'],
    ['Committed', {}, 'Committed'],
    ['Committed', { firstSequence: 7, lastSequence: 7 }, 'Committed with number 7'],
    ['Committed', { ...run, firstSequence: 7, lastSequence: 9 }, 'Committed with number 8 (in a run with 2 more)'],
    // One of the three has none, and the line does not say which.
    [
      'Committed',
      { ...run, firstSequence: 7, lastSequence: 8 },
      'Committed, its run with numbers 7 to 8 (in a run with 2 more)',
    ],
    ['Already in history', run, 'Came again: history has it already'],
    ['Delivered', { connections: 1, gone: 0, retried: 0 }, 'Delivered to 1 connection'],
    ['Delivered', { connections: 9, gone: 2, retried: 1 }, 'Delivered to 6 connections, 2 gone, 1 to be retried'],
    ['Delivered', { slot: 63, connections: 9, gone: 0, retried: 0 }, 'Delivered to 9 connections, slot 63'],
    ['Handed to slots', { slots: 64 }, 'Handed to the 64 slots of a large chat'],
    ['A slot could not be read', { slot: 3, cause: { name: 'Throttled' } }, 'A slot could not be read: Throttled'],
    ['Retry delivered', { connectionId: 'abc=', tries: 2 }, 'Retry 2 for connection abc=: delivered'],
    ['Retry again', { connectionId: 'abc=', tries: 1 }, 'Retry 1 for connection abc=: not yet, tried again later'],
    ['Retry moot', { connectionId: 'abc=', tries: 1 }, 'Retry 1 for connection abc=: nobody listens there any more'],
    ['A run failed', { stage: 'commit', cause: { name: 'Throttled' } }, 'Failed at commit: Throttled'],
    [
      'Dead letter',
      { stage: 'commit', reason: 'failed: Throttled', receiveCount: 3 },
      'Dead letter: failed: Throttled (at commit, try 3)',
    ],
    ['Recorded', { queue: 'fifo', letters: 1 }, 'Recorded as a dead letter of fifo'],
    ['Redriven', { redriveId: after, queue: 'fifo' }, `Redriven by redrive ${after}`],
    ['Discarded', { redriveId: after, queue: 'fifo' }, `Discarded by redrive ${after}`],
    ['Something new', {}, 'Something new'],
  ];

  test.each(sentences)('%s %j is told as: %s', (message, details, words) => {
    expect(whatHappened(line(0, 'message-processor', message, details), messageId)).toBe(words);
  });
});

describe('the journey of a message', () => {
  const lines = [
    line(12, 'p2p-websocket-publisher', 'Published', {
      messageType: 'sequenced',
      publishTimestamp: new Date(publishedAt).toISOString(),
    }),
    line(31, 'message-processor', 'Committed', { ...run, firstSequence: 7, lastSequence: 9 }),
    line(1045, 'message-processor', 'Delivered', { ...run, connections: 2, gone: 0, retried: 0 }),
  ];

  test('is told in columns, in milliseconds since it was published', () => {
    const columns = [
      ['2026-11-22T06:08:42.779Z', '   +12 ms', 'p2p-websocket-publisher', 'Published, sequenced', 'request-12'],
      ['2026-11-22T06:08:42.798Z', '   +31 ms', 'message-processor', 'Committed with number 8', 'request-31'],
      ['2026-11-22T06:08:43.812Z', '+1,045 ms', 'message-processor', 'Delivered to 2 connections', 'request-1045'],
    ];
    const expected = columns.map(([at, after, name = '', what = '', request], row) => {
      const words = row === 0 ? what : `${what} (in a run with 2 more)`;
      return [at, after, name.padEnd(23), words.padEnd(49), request].join('  ');
    });
    expect(journeyText(journeyOf(messageId, lines))).toBe(
      [`Message ${messageId}, published at 2026-11-22T06:08:42.767Z`, '', ...expected].join('\n'),
    );
  });

  test('begins with its first line where no publisher tells of it', () => {
    const { publishedAt: none, steps } = journeyOf(messageId, lines.slice(1));
    expect([none, steps.map(({ afterMs }) => afterMs)]).toEqual([undefined, [0, 1014]]);
  });

  test('says where it waits, and who knows why it was redriven', () => {
    const recorded = line(2000, 'dead-letter-recorder', 'Recorded', { queue: 'fifo' });
    const redriven = line(3000, 'redrive-batch', 'Redriven', { queue: 'fifo', redriveId: after });
    expect(journeyOf(messageId, [...lines, recorded])).toMatchObject({ waitsIn: 'fifo', redrives: [] });
    expect(journeyOf(messageId, [...lines, recorded, redriven])).not.toHaveProperty('waitsIn');
    const again = journeyOf(messageId, [recorded, redriven, recorded]);
    expect(journeyText(again)).toMatch(
      new RegExp(`npm run audit -- --redrive ${after}\nIt waits as a dead letter of fifo: docs/operations.md`),
    );
  });
});

describe('the lines about a message', () => {
  test('are those that name it, of every log group and page, in the order of time', async () => {
    const text = (...args: Parameters<typeof line>) => JSON.stringify(line(...args));
    const groups: Record<string, string[][]> = {
      '/aws/lambda/publisher': [[text(5, 'publisher', 'Published')]],
      '/aws/lambda/processor': [
        [text(30, 'message-processor', 'Delivered', run)],
        [],
        [
          text(20, 'message-processor', 'Committed', run),
          // Delivered twice.
          text(20, 'message-processor', 'Committed', run),
          // Names it in another place, as metrics might.
          JSON.stringify({ _aws: {}, note: messageId }),
          `REPORT RequestId: ${messageId}`,
        ],
      ],
    };
    const asked: object[] = [];
    const send = ({ input }: FilterLogEventsCommand) => {
      asked.push(input);
      const page = Number(input.nextToken ?? 0);
      const pages = groups[input.logGroupName ?? ''] ?? [];
      const events = pages[page]?.map((message) => ({ message }));
      return Promise.resolve({ events, ...(page + 1 < pages.length && { nextToken: String(page + 1) }) });
    };
    const found = await linesAbout({ send } as never, messageId, Object.keys(groups), 1_000);
    expect(found.map(({ message }) => message)).toEqual(['Published', 'Committed', 'Delivered']);
    expect(asked[0]).toMatchObject({ filterPattern: `"${messageId}"`, startTime: 1_000 });
  });
});

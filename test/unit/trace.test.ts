import { createSocket, type Socket } from 'node:dgram';
import { InvalidRequest } from '../../functions/domain/protocol/errors.ts';
import { isTraced, traced, tellSender } from '../../functions/platform/trace.ts';

const root = '1-5e6722a7-cc2c1d3a46db7ae98d0da47a';
const parent = '53995c3f42cd8ad8';
const sampled = `Root=${root};Parent=${parent};Sampled=1`;
const messageId = '01JZZZZZZZZZZZZZZZZZZZZZZZ';
const id = expect.stringMatching(/^[0-9a-f]{16}$/);
const time = expect.any(Number);

/** What X-Ray's daemon hears. Datagrams on one socket pair come in order, so the next is the next. */
describe('what a function tells X-Ray', () => {
  let daemon: Socket;
  const heard: string[] = [];
  let onHeard = (): void => undefined;

  beforeAll(async () => {
    daemon = createSocket('udp4').on('message', (datagram) => {
      heard.push(datagram.toString());
      onHeard();
    });
    await new Promise<void>((resolve) => daemon.bind(0, '127.0.0.1', resolve));
    process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'stack-sample';
  });
  beforeEach(() => {
    heard.length = 0;
    process.env['AWS_XRAY_DAEMON_ADDRESS'] = `127.0.0.1:${daemon.address().port}`;
  });
  afterEach(() => {
    delete process.env['_X_AMZN_TRACE_ID'];
  });
  afterAll(() => {
    delete process.env['AWS_XRAY_DAEMON_ADDRESS'];
    delete process.env['AWS_LAMBDA_FUNCTION_NAME'];
    daemon.close();
  });

  async function next(): Promise<unknown> {
    if (heard.length === 0) await new Promise<void>((resolve) => (onHeard = resolve));
    const [format, document = ''] = (heard.shift() ?? '').split('\n');
    expect(JSON.parse(format ?? '')).toEqual({ format: 'json', version: 1 });
    return JSON.parse(document);
  }

  /** Whatever was sent before this has come when it comes. */
  async function nothing(): Promise<void> {
    process.env['AWS_XRAY_DAEMON_ADDRESS'] = `127.0.0.1:${daemon.address().port}`;
    tellSender(sampled, { name: 'the end', messageId, startedAt: 0, outcome: 'done' });
    expect(await next()).toMatchObject({ subsegments: [{ name: 'the end' }] });
  }

  test('a piece of work is a subsegment of its invocation, with the message’s id', async () => {
    process.env['_X_AMZN_TRACE_ID'] = sampled;
    expect(await traced('publish', messageId, async () => 'done')).toBe('done');
    const document = (await next()) as { start_time: number; end_time: number };
    expect(document).toEqual({
      type: 'subsegment',
      name: 'publish',
      trace_id: root,
      id,
      parent_id: parent,
      start_time: time,
      end_time: time,
      annotations: { messageId },
    });
    expect(document.end_time).toBeGreaterThanOrEqual(document.start_time);
    expect(Math.abs(Date.now() / 1000 - document.end_time)).toBeLessThan(60);
  });

  test.each([
    ['refused: the caller’s error', new InvalidRequest('with what the caller wrote'), { error: true }],
    ['failed: a fault of ours', new Error('with what AWS said'), { fault: true }],
  ])('it says that it %s, and none of the words', async (_what, error, mark) => {
    process.env['_X_AMZN_TRACE_ID'] = sampled;
    await expect(traced('publish', messageId, () => Promise.reject(error))).rejects.toBe(error);
    const document = await next();
    expect(document).toMatchObject(mark);
    expect(JSON.stringify(document)).not.toContain(error.message);
  });

  test('work on a message of another trace is a segment there', async () => {
    tellSender(sampled, { name: 'process', messageId, startedAt: 1_767_225_600_250, outcome: 'failed' });
    expect(await next()).toEqual({
      name: 'stack-sample',
      trace_id: root,
      id,
      parent_id: parent,
      start_time: 1_767_225_600.25,
      end_time: time,
      fault: true,
      subsegments: [
        {
          name: 'process',
          id,
          start_time: 1_767_225_600.25,
          end_time: time,
          fault: true,
          annotations: { messageId },
        },
      ],
    });
  });

  test.each([
    ['is not kept', sampled.replace('Sampled=1', 'Sampled=0')],
    ['nobody has decided about', `Root=${root};Parent=${parent}`],
    ['is not there', ''],
    ['has no id', `Root=1-1-1;Parent=${parent};Sampled=1`],
    ['has nothing that asks', `Root=${root};Sampled=1`],
  ])('of a trace that %s nothing is told', async (_what, header) => {
    expect(isTraced(header)).toBe(false);
    process.env['_X_AMZN_TRACE_ID'] = header;
    await traced('publish', messageId, async () => undefined);
    tellSender(header, { name: 'process', messageId, startedAt: 0, outcome: 'done' });
    await nothing();
  });

  test('where there is no daemon, work is done all the same', async () => {
    process.env['_X_AMZN_TRACE_ID'] = sampled;
    delete process.env['AWS_XRAY_DAEMON_ADDRESS'];
    expect(await traced('publish', messageId, async () => 'done')).toBe('done');
    await nothing();
  });

  test('fields that X-Ray adds to a header do no harm', () => {
    expect(isTraced(`${sampled};Lineage=a87bd80c:0|68fd508a:5|c512fbe3:2`)).toBe(true);
  });
});

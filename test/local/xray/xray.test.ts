import { createSocket } from 'node:dgram';
import { startXRay, type XRay } from '../../../local/xray/xray.ts';
import { readTraceHeader } from '../../../local/xray/trace-header.ts';
import { until } from '../../setup/until.ts';

const root = '1-5e6722a7-cc2c1d3a46db7ae98d0da47a';
const parent = '53995c3f42cd8ad8';
const other = '1-5e6722a7-000000000000000000000000';

const header = (sampled: 0 | 1, id = root): string => `Root=${id};Parent=${parent};Sampled=${sampled}`;
const record = (AWSTraceHeader?: string): object => ({ attributes: AWSTraceHeader ? { AWSTraceHeader } : {} });

let xray: XRay;
const errors: unknown[] = [];
beforeEach(async () => {
  errors.length = 0;
  xray = await startXRay((error) => errors.push(error));
  xray.sampler.rate = 1;
});
afterEach(() => xray.stop());

function begin(event: unknown, { active = true, caller }: { active?: boolean; caller?: string } = {}) {
  const invocation = xray.begin({ functionName: 'sample', event, caller, active });
  return { ...invocation, told: readTraceHeader(invocation.header) };
}

describe('the trace of an invocation', () => {
  test('is a new one when its event has none', () => {
    const [one, two] = [begin({}), begin({ headers: null })];
    expect(one.told).toEqual({ root: expect.any(String), parent: expect.any(String), sampled: true });
    expect(one.told?.root).not.toBe(two.told?.root);
    expect(Date.now() / 1000 - parseInt(one.told?.root.slice(2, 10) ?? '', 16)).toBeLessThan(60);
  });

  test.each([
    ['an HTTP request', { headers: { 'X-Amzn-Trace-Id': header(1) } }, undefined],
    ['whoever invoked it', {}, header(1)],
  ])('is that of %s', (_what, event, caller) => {
    const { told, end } = begin(event, { ...(caller !== undefined && { caller }) });
    expect(told).toMatchObject({ root, sampled: true });
    expect(told?.parent).not.toBe(parent);
    end({ failed: false });
    expect(xray.store.list()).toMatchObject([{ traceId: root, segments: [{ name: 'sample', parent_id: parent }] }]);
  });

  test('is a new one for a batch of messages, linked to theirs', () => {
    const { told, end } = begin({ Records: [record(header(1)), record(header(1, other)), record()] });
    expect([root, other]).not.toContain(told?.root);
    end({ failed: true });
    expect(xray.store.list()).toMatchObject([
      { traceId: told?.root, segments: [{ fault: true, links: [{ trace_id: root }, { trace_id: other }] }] },
    ]);
  });

  test('is kept when one it is linked to is, and else as the sampler says', () => {
    xray.sampler.rate = 0;
    expect(begin({ Records: [record(header(1)), record(header(0, other))] }).told?.sampled).toBe(true);
    expect(begin({ Records: [record(header(0))] }).told?.sampled).toBe(false);
    expect(begin({}).told?.sampled).toBe(false);
    expect(begin({ headers: { 'x-amzn-trace-id': `Root=${root}` } }).told).toMatchObject({ root, sampled: false });
  });

  test('is kept or not as was decided before', () => {
    expect(begin({}, { caller: header(0) }).told?.sampled).toBe(false);
    xray.sampler.rate = 0;
    expect(begin({}, { caller: header(1) }).told?.sampled).toBe(true);
  });

  test('is not begun by a function that does not trace, which goes on with those of others', () => {
    expect(begin({}, { active: false }).told?.sampled).toBe(false);
    expect(begin({}, { active: false, caller: header(1) }).told?.sampled).toBe(true);
  });

  test('that is not kept leaves no segment', () => {
    begin({}, { caller: header(0) }).end({ failed: true });
    expect(xray.store.list()).toEqual([]);
  });

  test('is kept by Lambda once a second at least, for each function', () => {
    xray.sampler.rate = undefined;
    expect(xray.sampler.keeps('one')).toBe(true);
    expect(xray.sampler.keeps('other')).toBe(true);
    const kept = Array.from({ length: 2_000 }, () => xray.sampler.keeps('one')).filter(Boolean).length;
    expect(kept).toBeLessThan(400);
  });
});

describe('the daemon', () => {
  const minimal = { trace_id: root, id: parent, name: 'sample', start_time: 1_767_225_600 };
  const format = '{"format":"json","version":1}\n';

  async function send(datagram: string): Promise<void> {
    const socket = createSocket('udp4');
    const [address, port] = xray.daemonAddress.split(':');
    await new Promise((resolve) => socket.send(datagram, Number(port), address, resolve));
    socket.close();
  }

  test('takes segments, and finds those of a message, in whatever depth its id is', async () => {
    const annotations = { messageId: 'one' };
    await send(format + JSON.stringify({ ...minimal, annotations }));
    await send(format + JSON.stringify({ ...minimal, trace_id: other, subsegments: [{ ...minimal, annotations }] }));
    await send(format + JSON.stringify({ ...minimal, trace_id: `${other}2`, annotations: { messageId: 'two' } }));
    await until('three traces', () => xray.store.list().length === 3);
    expect(
      xray.store
        .list('one')
        .map(({ traceId }) => traceId)
        .sort(),
    ).toEqual([other, root].sort());
    xray.store.reset();
    expect(xray.store.list()).toEqual([]);
  });

  test.each([
    ['no format', JSON.stringify(minimal)],
    ['another version', `{"format":"json","version":2}\n${JSON.stringify(minimal)}`],
    ['no JSON', `${format}segment`],
    ['no trace', format + JSON.stringify({ ...minimal, trace_id: undefined })],
    ['no start', format + JSON.stringify({ ...minimal, start_time: '1' })],
    ['a subsegment of nothing', format + JSON.stringify({ ...minimal, type: 'subsegment' })],
  ])('takes nothing with %s, and says so', async (_what, datagram) => {
    await send(datagram);
    await until('a complaint', () => errors.length === 1);
    expect(xray.store.list()).toEqual([]);
  });

  test('keeps the newest traces', () => {
    for (let count = 0; count < 1_100; count += 1) xray.store.record({ ...minimal, trace_id: String(count) });
    expect(xray.store.list()).toHaveLength(1_000);
    expect(xray.store.list()[0]?.traceId).toBe('100');
  });

  test('keeps no trace that grows for ever', () => {
    for (let count = 0; count < 1_100; count += 1) xray.store.record(minimal);
    expect(xray.store.list()[0]?.segments).toHaveLength(1_000);
  });
});

test('headers are read as they are written, and what is none is none', () => {
  expect(readTraceHeader(`Root=${root};Parent=${parent};Sampled=1;Lineage=1:a8:0`)).toEqual({
    root,
    parent,
    sampled: true,
  });
  expect(readTraceHeader(`Self=1-a-b; Root=${root}; Sampled=?`)).toEqual({ root });
  for (const text of [undefined, '', 'Root=', 'Root=1-2-3', 'hello']) expect(readTraceHeader(text)).toBeUndefined();
});

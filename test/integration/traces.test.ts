import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createClient, type Client, type OutgoingMessage } from '../../client/index.ts';
import { reportReceipts } from '../../client/report/index.ts';
import type { Segment, Trace } from '../setup/edge-control.ts';
import { signIn } from '../setup/sign-in.ts';
import { Stage } from '../setup/stage.ts';
import type { TestSocket } from '../setup/socket.ts';
import { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';
import { Operator } from './redrive/operator.ts';

const chatId = 'traced';
/** It is in all that is written here, and in no segment. */
const secret = 'what nobody else is to know';

/** Segments and their parts, however deep. */
function all(segments: Segment[] = []): Segment[] {
  return segments.flatMap((segment) => [segment, ...all(segment.subsegments)]);
}

/** The works in a trace that name a message, each with the segment it hangs on. */
function worksOn(messageId: string, { segments }: Trace): string[] {
  return all(segments).flatMap(({ name, annotations }) => (annotations?.['messageId'] === messageId ? [name] : []));
}

describe('traces of messages', () => {
  let stage: Stage;
  let tables: Tables;
  let bob: Client;
  let carol: TestSocket;

  beforeAll(async () => {
    stage = await Stage.start();
    tables = await Tables.of(stage.cloud.outputs);
    await stage.outside.grant(chatId, ['bob']);
    carol = await stage.listen('carol', chatId);
    const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
    bob = createClient({ url: stage.cloud.outputs.webSocketUrl, token: () => accessToken, WebSocket });
    await bob.connect();
  }, 60_000);
  beforeEach(() => stage.edge.keepTraces(1));
  afterAll(async () => {
    await bob.close();
    tables.close();
    await stage.close();
  });

  async function sent(more: Partial<OutgoingMessage> = {}): Promise<string> {
    const { messageId } = await bob.send({ chatId, eventType: 'chat', content: secret, ...more });
    await carol.next((frame) => frame['messageId'] === messageId, 'the message');
    return messageId;
  }

  /** The traces that name a message, once its works are told. */
  async function tracesOf(messageId: string, works: string[]): Promise<Trace[]> {
    return until(`the traces of ${messageId}`, async () => {
      const traces = await stage.edge.traces(messageId);
      const told = traces.flatMap((trace) => worksOn(messageId, trace)).sort();
      return works.every((work) => told.includes(work)) && traces;
    });
  }

  test.each([
    ['standard', { messageType: 'standard' }],
    ['FIFO', { messageType: 'fifo' }],
    ['numbered', { generateSequence: true }],
  ] as const)('a %s message has one, from its publisher to its posts', async (_kind, more) => {
    const messageId = await sent(more);
    const traces = await tracesOf(messageId, ['process', 'publish']);
    const [{ traceId = '', segments = [] } = {}, ...others] = traces;
    expect(others).toEqual([]);
    expect(all(segments).every(({ trace_id }) => trace_id === undefined || trace_id === traceId)).toBe(true);

    const publisher = segments.find(({ name }) => name.endsWith('p2p-websocket-publisher'));
    const publish = segments.find(({ name }) => name === 'publish');
    const process = segments.find(({ name }) => name.endsWith('message-processor'));
    expect(publish?.parent_id).toBe(publisher?.id);
    expect(process?.parent_id).toBe(publisher?.id);
    expect(process?.subsegments).toMatchObject([{ name: 'process', annotations: { messageId } }]);

    // The invocation has a trace of its own, since its batch may be of many: it is linked to theirs.
    const runs = await until('the trace of the run', async () => {
      const linked = (await stage.edge.traces()).filter((trace) =>
        trace.segments.some(({ links = [] }) => links.some(({ trace_id }) => trace_id === traceId)),
      );
      return linked.length > 0 && linked;
    });
    expect(runs).toHaveLength(1);
    expect(runs[0]?.traceId).not.toBe(traceId);
  });

  test('a trace that its caller goes on with is the caller’s; one that is not to be kept leaves nothing', async () => {
    const { accessToken } = await signIn(stage.cloud.outputs, 'bob');
    const publish = async (traceId: string, sampled: 0 | 1): Promise<string> => {
      const response = await fetch(new URL('publish', `${stage.cloud.outputs.httpUrl}/`), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${accessToken}`,
          'x-amzn-trace-id': `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=${sampled}`,
        },
        body: JSON.stringify({ targetChannel: 'WebSocket', payload: { chatId, eventType: 'chat', content: secret } }),
      });
      const { messageId } = (await response.json()) as { messageId: string };
      await carol.next((frame) => frame['messageId'] === messageId, 'the message');
      return messageId;
    };
    const ids = ['1-5e6722a7-cc2c1d3a46db7ae98d0da470', '1-5e6722a7-cc2c1d3a46db7ae98d0da471'] as const;
    const unkept = await publish(ids[0], 0);
    const kept = await publish(ids[1], 1);
    expect(await tracesOf(kept, ['publish', 'process'])).toMatchObject([{ traceId: ids[1] }]);
    // Carol has it, and a later one has been told: nothing more comes of it.
    expect(await stage.edge.traces(unkept)).toEqual([]);
    expect((await stage.edge.traces()).map(({ traceId }) => traceId)).not.toContain(ids[0]);
  });

  test('a refusal is an error of the caller’s, without its words', async () => {
    const messageId = stage.newMessageId();
    const send = bob.send({ chatId: 'not-mine', eventType: 'chat', content: secret, messageId });
    await expect(send).rejects.toMatchObject({ statusCode: 403 });
    const [trace] = await tracesOf(messageId, ['publish']);
    const refused = trace?.segments.find(({ name }) => name === 'publish');
    expect(refused).toMatchObject({ error: true });
    expect(refused?.fault).toBeUndefined();
  });

  test('a message that is processed again says so each time', async () => {
    await stage.edge.break({
      service: 'dynamodb',
      action: 'TransactWriteItems',
      role: 'message-processor',
      times: 1,
      fault: { error: 'AccessDeniedException', statusCode: 400 },
    });
    const messageId = await sent();
    const [trace] = await until('both tries', async () => {
      const traces = await stage.edge.traces(messageId);
      return traces.some((each) => worksOn(messageId, each).length === 3) && traces;
    });
    const tries = all(trace?.segments).filter(({ name }) => name === 'process');
    expect(tries.map(({ fault = false }) => fault).sort()).toEqual([false, true]);
    await stage.edge.mend();
  });

  test('a redriven message goes on in the trace of its redrive, under its id', async () => {
    const failing = { service: 'dynamodb', action: 'TransactWriteItems', role: 'message-processor' };
    await stage.edge.break({ ...failing, fault: { error: 'AccessDeniedException', statusCode: 400 } });
    const { messageId } = await bob.send({ chatId, eventType: 'chat', content: secret, generateSequence: true });
    await until('the dead letter', async () =>
      (await stage.outside.deadLetters('Fifo')).some(({ body }) => body.includes(messageId)),
    );
    await stage.edge.mend();
    const [before] = await tracesOf(messageId, ['publish', 'process']);

    const operator = new Operator(stage.cloud.outputs);
    await operator.start({ queue: 'fifo', mode: 'redrive', filter: { messageIds: [messageId] } });
    await carol.next((frame) => frame['messageId'] === messageId, 'the message');
    const redriven = await until('the trace of the redrive', async () => {
      const trace = (await stage.edge.traces(messageId)).find(({ traceId }) => traceId !== before?.traceId);
      // Lambda tells its segment when the invocation is over, which may be after the message was processed.
      return trace?.segments.some(({ name }) => name.endsWith('redrive-batch')) && trace;
    });
    expect(worksOn(messageId, redriven)).toEqual(['process']);
    const sender = redriven.segments.find(({ name }) => name.endsWith('redrive-batch'));
    const process = redriven.segments.find(({ name }) => name.endsWith('message-processor'));
    expect(process?.parent_id).toBe(sender?.id);
  });

  test('a large chat’s messages are told by the workers of its slots', async () => {
    await tables.put('Subscriptions', { chatId, subscriber: '!large', since: new Date().toISOString() });
    const messageId = await sent({ generateSequence: true });
    const traces = await tracesOf(messageId, ['fan-out', 'process', 'publish']);
    expect(traces).toHaveLength(1);
  });

  test('reports of the client library are taken, unanswered', async () => {
    const frames: unknown[] = [];
    const stop = reportReceipts(bob, { sample: 1 });
    const subscription = bob.subscribe(chatId, (message) => frames.push(message));
    await subscription.ready;
    bob.on('unknown', (frame) => frames.push(frame));
    await sent({ generateSequence: true });
    const latency = await until('its latency among the metrics', () =>
      readFileSync(join(stage.cloud.dataFolder, 'functions.log'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"ReportedLatency"'))
        .map((line) => JSON.parse(line.slice(line.indexOf('{'))) as { ReportedLatency?: number | number[] })
        .map(({ ReportedLatency }) => [ReportedLatency].flat()[0])
        .find((value) => value !== undefined),
    );
    expect(latency).toBeGreaterThanOrEqual(0);
    expect(latency).toBeLessThan(60_000);
    stop();
    subscription.unsubscribe();
    expect(frames).toHaveLength(1);
    // Neither a report that is taken nor one that is refused is answered: the next answer is that to the next question.
    const heard = carol.frames.length;
    carol.send({ action: 'report', messageId: 'none' });
    carol.send({ action: 'report', messageId: stage.newMessageId(), receivedAt: new Date().toISOString() });
    await until('both reports', async () => {
      const reports = (await stage.edge.traces()).flatMap(({ segments }) => segments);
      return reports.filter(({ name }) => name.endsWith('-report')).length >= 3;
    });
    expect(await carol.request({ action: 'ping' })).toMatchObject({ type: 'pong' });
    expect(carol.frames.slice(heard).map(({ type }) => type)).toEqual(['pong']);
  });

  test('no segment holds what was written, by whom or where', async () => {
    const told = JSON.stringify(await stage.edge.traces());
    expect(told.length).toBeGreaterThan(1_000);
    for (const private_ of [secret, chatId, 'not-mine', ...stage.cloud.outputs.users.map(({ userId }) => userId)]) {
      expect(told).not.toContain(private_);
    }
  });
});

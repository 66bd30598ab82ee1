import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FunctionDefinition, LambdaFunction } from '../../local/lambda/function.ts';

/** A stand-in for the edge that tells what reached it. */
function startEcho(): Promise<{
  server: Server;
  port: number;
  seen: { path?: string; headers: IncomingHttpHeaders }[];
}> {
  const seen: { path?: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    seen.push({ path: request.url, headers: request.headers });
    response.end('{"from":"edge"}');
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as AddressInfo).port, seen }));
  });
}

describe('functions run as Lambda runs them', () => {
  let folder: string;
  let edge: Awaited<ReturnType<typeof startEcho>>;
  const started: LambdaFunction[] = [];
  const lines: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lambda-'));
    edge = await startEcho();
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((target) => target.stop()));
  });

  afterAll(() => {
    edge.server.close();
    edge.server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  function functionOf(source: string, settings: Partial<FunctionDefinition> = {}): LambdaFunction {
    const bundle = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(bundle, source);
    const target = new LambdaFunction(
      {
        name: 'sample',
        functionName: 'stack-sample',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:stack-sample',
        bundle,
        exportName: 'handler',
        environment: { COLOUR: 'green' },
        timeoutSeconds: 5,
        memoryMegabytes: 512,
        ...settings,
      },
      edge.port,
      ({ line }) => lines.push(line),
    );
    started.push(target);
    return target;
  }

  test('the handler gets the event and a context, and its result comes back as JSON', async () => {
    const target = functionOf(`export const handler = async (event, context) => ({ event, name: context.functionName,
      left: context.getRemainingTimeInMillis() > 4000, gone: undefined })`);
    expect(await target.invoke({ a: [1, 'zwei'] })).toEqual({
      event: { a: [1, 'zwei'] },
      name: 'stack-sample',
      left: true,
    });
  });

  test('its environment is its own, and none of this process’s', async () => {
    const target = functionOf(
      'export const handler = async () => ({ colour: process.env.COLOUR, home: process.env.HOME ?? null })',
    );
    expect(await target.invoke({})).toEqual({ colour: 'green', home: null });
  });

  test('a warm environment keeps its state, and concurrent invocations get environments of their own', async () => {
    const target = functionOf(`let count = 0;
      export const handler = async ({ waitMs }) => { await new Promise((done) => setTimeout(done, waitMs)); return ++count; }`);
    expect([await target.invoke({ waitMs: 0 }), await target.invoke({ waitMs: 0 })]).toEqual([1, 2]);
    const both = await Promise.all([target.invoke({ waitMs: 100 }), target.invoke({ waitMs: 100 })]);
    expect(both.sort()).toEqual([1, 3]);
  });

  test('an error keeps its name and message, and the environment goes on', async () => {
    const target = functionOf(`export const handler = async ({ fail }) => {
      if (fail) throw Object.assign(new Error('no'), { name: 'Refused' }); return 'fine'; }`);
    await expect(target.invoke({ fail: true })).rejects.toMatchObject({ errorType: 'Refused', message: 'no' });
    expect(await target.invoke({})).toBe('fine');
  });

  test('a handler that spins is ended at its timeout, and the next invocation starts cold', async () => {
    const target = functionOf(
      'let warm = false; export const handler = async ({ spin }) => { while (spin); const was = warm; warm = true; return was; }',
      { timeoutSeconds: 0.3 },
    );
    await expect(target.invoke({ spin: true })).rejects.toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect(await target.invoke({ spin: false })).toBe(false);
  });

  test('a crash fails the invocation under way, and waiting ones still run', async () => {
    const target = functionOf(
      'export const handler = async ({ exit }) => { if (exit) process.exit(1); return "alive"; }',
    );
    await expect(target.invoke({ exit: true })).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(await target.invoke({})).toBe('alive');
  });

  test('past its reserved concurrency invocations are throttled', async () => {
    const target = functionOf('export const handler = () => new Promise((done) => setTimeout(done, 200))', {
      reservedConcurrency: 1,
    });
    const first = target.invoke({});
    await expect(target.invoke({})).rejects.toMatchObject({ errorType: 'TooManyRequestsException' });
    await first;
  });

  test('a bundle that cannot load fails every invocation instead of leaving it waiting', async () => {
    const target = functionOf('throw new Error("broken at import")');
    await expect(target.invoke({})).rejects.toThrow();
    await expect(target.invoke({})).rejects.toThrow();
  });

  test('what it prints goes to the log', async () => {
    const target = functionOf('export const handler = async () => { console.log("a line for operators"); }');
    await target.invoke({});
    await target.stop();
    expect(lines).toContain('a line for operators');
  });

  describe('its network', () => {
    test.each([
      [
        'https.request',
        `import https from 'node:https'; const call = (url) => new Promise((done, fail) => {
         https.request(url, { method: 'GET' }, (response) => { let text = ''; response.on('data', (c) => text += c).on('end', () => done(text)); })
           .on('error', fail).end(); });`,
      ],
      ['fetch', 'const call = async (url) => (await fetch(url)).text();'],
    ])('%s to an AWS host ends at the edge with path and host untouched', async (_what, call) => {
      const target = functionOf(`${call} export const handler = (event) => call(event.url)`);
      const result = await target.invoke({ url: 'https://sqs.us-east-1.amazonaws.com/000000000000/letters?x=1' });
      expect(result).toBe('{"from":"edge"}');
      const last = edge.seen.at(-1);
      expect(last?.path).toBe('/000000000000/letters?x=1');
      expect(last?.headers.host).toBe('sqs.us-east-1.amazonaws.com');
      expect(last?.headers['x-embedded-worker']).toEqual(expect.any(String));
    });

    test.each([
      ['an object', `{ 'X-Note': 'hello' }`],
      ['names and values in turns', `['X-Note', 'hello']`],
    ])('headers given as %s reach the edge', async (_what, headers) => {
      const target = functionOf(
        `import https from 'node:https'; const headers = ${headers};
         export const handler = () => new Promise((done, fail) => https.request({ hostname: 'sqs.us-east-1.amazonaws.com', headers },
           (response) => response.resume().on('end', done)).on('error', fail).end())`,
      );
      await target.invoke({});
      expect(edge.seen.at(-1)?.headers['x-note']).toBe('hello');
    });

    test.each([
      ['https.request', "import https from 'node:https'; const call = (url) => https.request(url)"],
      ['fetch', 'const call = (url) => fetch(url)'],
      ['http.request', "import http from 'node:http'; const call = () => http.get('http://127.0.0.1:9')"],
    ])('%s to any other host is an error', async (_what, call) => {
      const target = functionOf(`${call}; export const handler = async (event) => { await call(event.url) }`);
      await expect(target.invoke({ url: 'https://example.com/' })).rejects.toThrow(
        'Functions may reach AWS services only',
      );
    });

    test.each([
      ["'hello', 9, '127.0.0.1'", '127.0.0.1:9'],
      ["Buffer.from('hello'), 0, 2, 9, '127.0.0.1', () => undefined", '127.0.0.1:9'],
      ["'hello', 53", 'undefined:53'],
    ])('so is a datagram, but to X-Ray’s daemon: %s', async (sent, where) => {
      const target = functionOf(`import dgram from 'node:dgram';
        export const handler = async () => void dgram.createSocket('udp4').unref().send(${sent})`);
      await expect(target.invoke({})).rejects.toThrow(`A function tried to send a datagram to ${where}.`);
    });
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { outsideCredentials, roleCredentials } from '../../local/edge/credentials.ts';
import { type Edge, startEdge } from '../../local/edge/edge.ts';
import type { FunctionDefinition } from '../../local/lambda/function.ts';
import { Functions } from '../../local/lambda/functions.ts';
import { lambdaBackend } from '../../local/lambda/invoke-api.ts';

const region = 'us-east-1';
const functionArn = `arn:aws:lambda:${region}:000000000000:function:greeter`;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
describe('Lambda’s Invoke behind the edge', () => {
  let folder: string;
  let functions: Functions;
  let edge: Edge;
  let client: LambdaClient;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'invoke-'));
    writeFileSync(
      join(folder, 'index.mjs'),
      `export const handler = async (event) => {
        if (event === 'fail') throw new RangeError('out of range');
        if (event === 'hang') await new Promise(() => undefined);
        return { event };
      };`,
    );
    const definition = (name: string, more: Partial<FunctionDefinition> = {}): FunctionDefinition => ({
      ...{ name, functionName: name, functionArn: functionArn.replace('greeter', name), environment: {} },
      ...{ bundle: join(folder, 'index.mjs'), exportName: 'handler', timeoutSeconds: 1, memoryMegabytes: 128, ...more },
    });
    const definitions = [definition('greeter'), definition('shut', { reservedConcurrency: 0 })];
    const principals = [
      { name: 'caller', policies: [{ name: 'own', document: statement('lambda:InvokeFunction') }] },
      { name: 'stranger', policies: [] },
    ];
    const backends = {
      lambda: (call: Parameters<ReturnType<typeof lambdaBackend>>[0]) => lambdaBackend(functions)(call),
    };
    edge = await startEdge({ region, accountId: '000000000000', principals, backends });
    functions = new Functions(definitions, [], edge.port, () => undefined);
    client = clientOf(outsideCredentials);
  });

  afterAll(async () => {
    client.destroy();
    await functions.stop();
    await edge.stop();
    rmSync(folder, { recursive: true });
  });

  function statement(Action: string): object {
    return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: functionArn }] };
  }

  function clientOf(credentials: typeof outsideCredentials): LambdaClient {
    return new LambdaClient({ region, endpoint: edge.url, credentials, maxAttempts: 1 });
  }

  async function invoke(event: unknown, FunctionName = 'greeter', by = client) {
    const answer = await by.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }));
    return { ...answer, payload: JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as unknown };
  }

  test.each(['greeter', functionArn])('answers what the function returns, called %s', async (name) => {
    expect(await invoke({ a: 1 }, name)).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      payload: { event: { a: 1 } },
    });
  });

  test('without a payload the event is an empty object', async () => {
    const { Payload = new Uint8Array() } = await client.send(new InvokeCommand({ FunctionName: 'greeter' }));
    expect(Buffer.from(Payload).toString()).toBe('{"event":{}}');
  });

  test('a function that fails is no error of Lambda’s', async () => {
    expect(await invoke('fail')).toMatchObject({
      ...{ StatusCode: 200, FunctionError: 'Unhandled' },
      payload: {
        errorType: 'RangeError',
        errorMessage: 'out of range',
        trace: expect.arrayContaining(['RangeError: out of range']) as string[],
      },
    });
    expect(await invoke('hang')).toMatchObject({
      ...{ FunctionError: 'Unhandled', payload: { errorType: 'Sandbox.Timedout' } },
    });
  });

  test.each([
    ['no such function', 'nobody', 'ResourceNotFoundException', 404],
    ['no concurrency left', 'shut', 'TooManyRequestsException', 429],
  ])('%s is', async (_what, name, error, httpStatusCode) => {
    await expect(invoke({}, name)).rejects.toMatchObject({ name: error, $metadata: { httpStatusCode } });
  });

  test('what is no JSON, too large, or asynchronous is refused', async () => {
    const send = (input: object) => client.send(new InvokeCommand({ FunctionName: 'greeter', ...input }));
    await expect(send({ Payload: Buffer.from('{') })).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    const large = Buffer.from(JSON.stringify('x'.repeat(6 * 1024 * 1024)));
    await expect(send({ Payload: large })).rejects.toMatchObject({ name: 'RequestTooLargeException' });
    await expect(send({ InvocationType: 'Event' })).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  test('a role needs the right to invoke this function', async () => {
    const [allowed, refused] = [clientOf(roleCredentials('caller')), clientOf(roleCredentials('stranger'))];
    expect(await invoke(1, 'greeter', allowed)).toMatchObject({ StatusCode: 200 });
    await expect(invoke(1, 'shut', allowed)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(invoke(1, 'greeter', refused)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    allowed.destroy();
    refused.destroy();
  });
});

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpDataSource } from '../../../local/appsync/data-sources/http.ts';
import { checkDefinition } from '../../../local/appsync/definition.ts';
import type { AwsCall } from '../../../local/edge/call.ts';
import { roleCredentials } from '../../../local/edge/credentials.ts';
import type { Edge } from '../../../local/edge/edge.ts';
import { accountId, allow, region, startStubbedEdge } from '../edge/stub-backend.ts';

const workflow = (name: string): string => `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
const config = {
  Endpoint: `https://sync-states.${region}.amazonaws.com/`,
  AuthorizationConfig: {
    AuthorizationType: 'AWS_IAM' as const,
    AwsIamConfig: { SigningRegion: region, SigningServiceName: 'states' },
  },
};
const headers = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'AWSStepFunctions.StartSyncExecution',
};
const start = (name: string) => ({
  method: 'POST',
  resourcePath: '/',
  params: { headers, body: { stateMachineArn: workflow(name), input: '{"a":"ä"}' } },
});

describe('at the edge', () => {
  let edge: Edge;
  let reached: AwsCall[];
  let source: HttpDataSource;
  beforeAll(async () => {
    const policies = [allow('states:StartSyncExecution', workflow('mine'))];
    const principals = [{ name: 'appsync/Workflow', arn: 'arn:aws:iam::000000000000:role/workflow', policies }];
    ({ edge, reached } = await startStubbedEdge({ principals }));
    source = new HttpDataSource(config, { edgeUrl: edge.url, credentials: roleCredentials('appsync/Workflow') });
  });
  afterAll(() => edge.stop());
  beforeEach(() => reached.splice(0));

  test('a request arrives signed by the role, for the host it would have on AWS', async () => {
    const { result, error } = await source.run(start('mine'));
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ statusCode: 200, headers: expect.any(Object), body: '{}' });
    expect(reached).toMatchObject([
      {
        ...{ principal: 'appsync/Workflow', signed: true, service: 'states', action: 'StartSyncExecution' },
        ...{ host: `sync-states.${region}.amazonaws.com`, path: '/', method: 'POST' },
        input: { stateMachineArn: workflow('mine'), input: '{"a":"ä"}' },
        headers: { 'content-type': 'application/x-amz-json-1.0' },
      },
    ]);
  });

  test('a denied request is a result with its status, as any answer is', async () => {
    const { result, error } = await source.run(start('another'));
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ statusCode: 400, body: expect.stringContaining('AccessDeniedException') });
    expect(reached).toEqual([]);
  });

  test('a request with other keys than the role’s is refused', async () => {
    const credentials = { ...roleCredentials('appsync/Workflow'), secretAccessKey: 'x'.repeat(40) };
    const { result } = await new HttpDataSource(config, { edgeUrl: edge.url, credentials }).run(start('mine'));
    expect(result).toMatchObject({ statusCode: 400, body: expect.stringContaining('InvalidSignatureException') });
  });

  test('a lost answer is an error', async () => {
    edge.faults.add({ service: 'states', times: 1, fault: { dropReply: true } });
    expect(await source.run(start('mine'))).toEqual({
      result: null,
      error: { type: 'Http:RequestFailed', message: expect.any(String) },
    });
    expect(reached).toHaveLength(1);
  });

  const { params } = start('mine');
  test.each([
    ['no method', { resourcePath: '/', params }, 'needs method'],
    ['an unknown method', { method: 'HEAD', resourcePath: '/', params }, 'needs method'],
    ['no path', { method: 'POST', params }, 'needs resourcePath'],
    ['a path that is a URL', { method: 'POST', resourcePath: 'https://elsewhere/', params }, 'needs resourcePath'],
    ['an unknown member', { ...start('mine'), timeout: 1 }, 'does not take timeout'],
    ['an unknown parameter', { ...start('mine'), params: { ...params, form: {} } }, 'does not take form'],
    ['a header that is no text', { ...start('mine'), params: { headers: { a: 1 } } }, 'not a text'],
    ['a header of AppSync’s own', { ...start('mine'), params: { headers: { Host: 'elsewhere' } } }, "AppSync's to set"],
    [
      'an unknown content type',
      { ...start('mine'), params: { headers: { 'content-type': 'image/png' }, body: 'x' } },
      'image/png',
    ],
    [
      'an object as text',
      { ...start('mine'), params: { headers: { 'content-type': 'text/plain' }, body: {} } },
      'is a text',
    ],
  ])('%s is no request', async (_, request, message) => {
    await expect(source.run(request)).rejects.toThrow(message);
    expect(reached).toEqual([]);
  });
});

describe('the template', () => {
  const api = { AuthenticationType: 'AMAZON_COGNITO_USER_POOLS' };
  const checkAll = (HttpConfig: object): void =>
    checkDefinition({
      ...{ api, schema: { Definition: '' }, functions: [], resolvers: [] },
      dataSources: [{ Name: 'Workflow', Type: 'HTTP', ServiceRoleArn: 'role', HttpConfig: HttpConfig as never }],
    });

  test('may name an AWS service, signed with IAM', () => {
    expect(() => checkAll(config)).not.toThrow();
  });

  test.each([
    ['a host that is not AWS’s', { ...config, Endpoint: 'https://example.com/' }, 'only for AWS services'],
    ['plain HTTP', { ...config, Endpoint: config.Endpoint.replace('https', 'http') }, 'only for AWS services'],
    ['no signature', { Endpoint: config.Endpoint }, 'only for AWS services'],
    ['an unknown property', { ...config, Timeout: 5 }, 'Timeout'],
    [
      'an unknown property of the signature',
      {
        ...config,
        AuthorizationConfig: {
          ...config.AuthorizationConfig,
          AwsIamConfig: { ...config.AuthorizationConfig.AwsIamConfig, Version: 2 },
        },
      },
      'Version',
    ],
  ])('may not have %s', (_, wrong, named) => {
    expect(() => checkAll(wrong)).toThrow(named);
  });
});

describe('somewhere slow or loud', () => {
  let server: Server;
  let answer: (response: ServerResponse) => void;
  const sourceOf = (waitMs?: number): HttpDataSource => {
    const { port } = server.address() as AddressInfo;
    const access = { edgeUrl: `http://127.0.0.1:${port}`, credentials: roleCredentials('appsync/Workflow') };
    return new HttpDataSource(config, access, waitMs);
  };
  beforeAll(async () => {
    server = createServer((_request, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('an answer that does not come in time is AppSync’s timeout', async () => {
    answer = () => undefined;
    expect(await sourceOf(20).run(start('mine'))).toEqual({
      result: null,
      error: { type: 'Http:ExecutionTimeoutException', message: 'execution timed out' },
    });
  });

  test('so is one that does not end in time', async () => {
    answer = (response) => response.write('{');
    expect(await sourceOf(20).run(start('mine'))).toMatchObject({
      error: { type: 'Http:ExecutionTimeoutException' },
    });
  });

  test('an answer that is too large is an error', async () => {
    answer = (response) => response.end('x'.repeat(6 * 1024 * 1024));
    expect(await sourceOf().run(start('mine'))).toMatchObject({
      result: null,
      error: { message: expect.stringContaining('over 5242880 bytes') },
    });
  });

  test('a redirect is an answer, and not followed', async () => {
    answer = (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end('there');
    expect(await sourceOf().run(start('mine'))).toMatchObject({
      result: { statusCode: 302, headers: { location: 'http://127.0.0.1:9/' }, body: 'there' },
    });
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Functions, type InvokePermission } from '../../local/lambda/functions.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:greeter';
const route = 'arn:aws:execute-api:us-east-1:000000000000:api1/dvl/$connect';
const gateway = 'apigateway.amazonaws.com';
const ofRoute = {
  functionArn,
  principal: gateway,
  sourceArn: 'arn:aws:execute-api:us-east-1:000000000000:api1/*$connect',
};

describe('a service may invoke a function only if a Lambda permission of the template says so', () => {
  let folder: string;
  const started: Functions[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'permissions-'));
    writeFileSync(join(folder, 'index.mjs'), "export const handler = async () => 'hello';");
  });

  afterAll(async () => {
    await Promise.all(started.map((functions) => functions.stop()));
    rmSync(folder, { recursive: true });
  });

  function invokeWith(...permissions: InvokePermission[]): Promise<unknown> {
    const definition = {
      name: 'greeter',
      functionName: 'greeter',
      functionArn,
      bundle: join(folder, 'index.mjs'),
      exportName: 'handler',
      environment: {},
      timeoutSeconds: 10,
      memoryMegabytes: 128,
    };
    const functions = new Functions([definition], permissions, 1, () => undefined);
    started.push(functions);
    return functions.invokeFor(gateway, route, functionArn, {});
  }

  test('with one, it runs', async () => {
    expect(await invokeWith(ofRoute)).toBe('hello');
  });

  const others: [string, InvokePermission[]][] = [
    ['without any', []],
    ['with one of another service', [{ ...ofRoute, principal: 'sns.amazonaws.com' }]],
    ['with one for another function', [{ ...ofRoute, functionArn: `${functionArn}-2` }]],
    ['with one for another route', [{ ...ofRoute, sourceArn: ofRoute.sourceArn.replace('$connect', '$default') }]],
    ['with one for another API', [{ ...ofRoute, sourceArn: ofRoute.sourceArn.replace('api1', 'api2') }]],
  ];
  test.each(others)('%s, it does not', async (_which, permissions) => {
    await expect(invokeWith(...permissions)).rejects.toThrow(
      `${gateway} may not invoke ${functionArn} for ${route}: no Lambda permission allows it`,
    );
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { until } from '../../setup/until.ts';
import { patient } from './killed-cloud.ts';
import { arnOf, region, SmallCloud } from './small-cloud.ts';

test('an execution that was acknowledged survives kill -9: it begins again at the next start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'killed-cloud-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-cloud.ts'), folder], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const client = new SFNClient({ region, endpoint, credentials: outsideCredentials });
  await client.send(new StartExecutionCommand({ stateMachineArn: arnOf('leave'), name: 'survivor' }));
  client.destroy();
  child.kill('SIGKILL');
  await once(child, 'exit');

  const cloud = await SmallCloud.start(patient, folder);
  const tables = new DynamoDBClient({ region, endpoint: cloud.edge.url, credentials: outsideCredentials });
  await until('what it does', async () => {
    const { Items = [] } = await tables.send(new ScanCommand({ TableName: 'Left' }));
    return Items.some((item) => item['id']?.S === 'survivor');
  });
  tables.destroy();
  await cloud.stop();
});

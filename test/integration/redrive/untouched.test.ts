import { ListQueuesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { outsideCredentials } from '../../../local/edge/credentials.ts';
import { Stage } from '../../setup/stage.ts';
import { until } from '../../setup/until.ts';
import { Operator } from './operator.ts';

/** Nothing of the service wrote this, so that it fails again and comes back. */
const body = '{"odd": "\\ud800 \u00e9 \u{1F600}", "n": 1.10}\n';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
const MessageAttributes = {
  text: { DataType: 'String.label', StringValue: 'caf\u00e9' },
  count: { DataType: 'Number', StringValue: '1.50' },
  bytes: { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 1, 2, 255]) },
};

const recorded = {
  text: { dataType: 'String.label', text: 'caf\u00e9' },
  count: { dataType: 'Number', text: '1.50' },
  bytes: { dataType: 'Binary', binary: 'AAEC/w==' },
};

describe('a message that fails, is recorded, redriven, fails again and is recorded again', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start();
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  test('is the same to the byte, attributes of every kind included', async () => {
    const { outputs } = stage.cloud;
    const sqs = new SQSClient({
      ...{ region: outputs.region, endpoint: outputs.edge?.url ?? '', credentials: outsideCredentials },
      useQueueUrlAsEndpoint: false,
    });
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    const QueueUrl = QueueUrls.find((url) => url.includes('MessagingStandardQueue'));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }));
    sqs.destroy();
    const letters = (count: number) =>
      until(`letter ${count}`, async () => {
        const rows = await stage.outside.letters('standard');
        return rows.length === count && rows;
      });
    await letters(1);
    await new Operator(outputs).carryOut({ queue: 'standard', mode: 'redrive' });
    const both = await letters(2);
    expect(both.map(({ status }) => status).sort()).toEqual(['redriven', 'waiting']);
    for (const letter of both) expect(letter).toMatchObject({ body, readable: false, stage: 'parse' });
    expect(both.map(({ attributes }) => attributes)).toEqual([recorded, recorded]);
  });
});

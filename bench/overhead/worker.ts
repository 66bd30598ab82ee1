import { routeAwsHostsTo } from '../../local/lambda/network.ts';
import { serve } from '../harness/child.ts';

/** One function in a process of its own, which writes its log to a pipe as it does on AWS. */
const { BUNDLE = '', EDGE_PORT, FUNCTION_NAME = '' } = process.env;

type Handler = (event: unknown, context: object) => Promise<unknown>;

routeAwsHostsTo({ port: Number(EDGE_PORT), workerToken: FUNCTION_NAME });
const { handler } = (await import(BUNDLE)) as { handler: Handler };

const context = {
  awsRequestId: '00000000-0000-0000-0000-000000000000',
  functionName: FUNCTION_NAME,
  invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${FUNCTION_NAME}`,
  memoryLimitInMB: '1024',
  getRemainingTimeInMillis: () => 10_000,
};

const api = {
  /** Invokes the function with one event after another. @returns the CPU time of this process, in milliseconds */
  async run({ events }: { events: unknown[] }): Promise<number> {
    const usage = process.cpuUsage();
    for (const event of events) await handler(event, context);
    const { user, system } = process.cpuUsage(usage);
    return (user + system) / 1000;
  },
};

export type WorkerApi = typeof api;

serve(api);

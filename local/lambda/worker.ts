import { parentPort, workerData } from 'node:worker_threads';
import { moveClock } from '../clock.ts';
import { type EdgeAddress, refuseOtherDatagrams, routeAwsHostsTo } from './network.ts';

/** What a worker is started with. */
export type WorkerSettings = {
  bundle: string;
  exportName: string;
  functionName: string;
  functionArn: string;
  memoryMegabytes: number;
  edge: EdgeAddress;
  /** Milliseconds that the functions' clock is ahead of the machine's, as that of everything else here. */
  clockAhead: number;
};

/** One invocation, as the runtime hands it to a worker; `event` is JSON text, as on the wire of the Lambda Runtime API. */
export type Invocation = { requestId: string; event: string; deadline: number; traceHeader?: string };

/** What a worker says: it is ready, or an invocation ended with a JSON result or an error as Lambda reports one. */
export type WorkerReport =
  | { kind: 'ready' }
  | { kind: 'result'; requestId: string; result: string }
  | { kind: 'error'; requestId: string; errorType: string; errorMessage: string; trace: string[] };

type Handler = (event: unknown, context: unknown) => unknown;

/** A Lambda execution environment in a worker thread: loads the deployed bundle once, then serves one invocation at a time. */
async function serve(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('worker.ts runs in a worker thread only');
  const settings = workerData as WorkerSettings;
  // Before the bundle is loaded, so that nothing in it has seen another time.
  moveClock(settings.clockAhead);
  routeAwsHostsTo(settings.edge);
  refuseOtherDatagrams(process.env['AWS_XRAY_DAEMON_ADDRESS']);
  const loaded = (await import(settings.bundle)) as Record<string, unknown>;
  const handler = loaded[settings.exportName];
  if (typeof handler !== 'function') throw new Error(`${settings.bundle} exports no function ${settings.exportName}`);
  port.on('message', (invocation: Invocation) => {
    void invoke(handler as Handler, settings, invocation).then((report) => port.postMessage(report));
  });
  port.postMessage({ kind: 'ready' } satisfies WorkerReport);
}

async function invoke(handler: Handler, settings: WorkerSettings, invocation: Invocation): Promise<WorkerReport> {
  const { requestId } = invocation;
  process.env['_X_AMZN_TRACE_ID'] = invocation.traceHeader ?? '';
  try {
    const result = await handler(JSON.parse(invocation.event), contextOf(settings, invocation));
    return { kind: 'result', requestId, result: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error));
    console.error(JSON.stringify({ level: 'ERROR', requestId, errorType: thrown.name, stack: thrown.stack }));
    return {
      kind: 'error',
      requestId,
      errorType: thrown.name,
      errorMessage: thrown.message,
      trace: (thrown.stack ?? '').split('\n'),
    };
  }
}

/** The context object of https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html, as far as functions may use it. */
function contextOf(settings: WorkerSettings, { requestId, deadline }: Invocation): Record<string, unknown> {
  return {
    awsRequestId: requestId,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMegabytes),
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: 'embedded',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

await serve();

import { setTimeout as delay } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { roleCredentials } from '../edge/credentials.ts';
import type { Schedule } from './from-template.ts';

export type SchedulerSettings = {
  schedules: readonly Schedule[];
  edgeUrl: string;
  region: string;
  /** How long a minute of a schedule takes. */
  minuteMs: number;
  onError: (error: unknown) => void;
};

/**
 * Starts what schedules are for, each in its own role's name: at once and then at its rate, as EventBridge Scheduler does for a schedule
 * without a start date (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based).
 */
export function startScheduler(settings: SchedulerSettings): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = settings.schedules.map((schedule) => follow(schedule, settings, signal));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function follow(schedule: Schedule, settings: SchedulerSettings, signal: AbortSignal): Promise<void> {
  const { minuteMs, onError } = settings;
  while (!signal.aborted) {
    try {
      await startExecution(schedule, settings, signal);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await delay(schedule.everyMinutes * minuteMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Not with the SDK: loading its client would take longer than all the calls together. */
async function startExecution(
  { name, role, stateMachineArn, input }: Schedule,
  { edgeUrl, region }: SchedulerSettings,
  signal: AbortSignal,
): Promise<void> {
  const signer = new AwsV4Signer({
    ...roleCredentials(role),
    url: `${edgeUrl}/`,
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AWSStepFunctions.StartExecution' },
    body: JSON.stringify({ stateMachineArn, input }),
    service: 'states',
    region,
  });
  const { url, method, headers, body } = await signer.sign();
  const response = await fetch(url, { method, headers, body: body as string, signal });
  if (!response.ok)
    throw new Error(`The schedule ${name} could not start ${stateMachineArn}: ${await response.text()}`);
}

import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { outsideCredentials } from '../edge/credentials.ts';

/** @param edgeUrl of the embedded cloud; undefined: AWS, with the credentials of whoever asks */
export function logsClient(region: string, edgeUrl: string | undefined): CloudWatchLogsClient {
  const local = edgeUrl === undefined ? {} : { endpoint: edgeUrl, credentials: outsideCredentials };
  return new CloudWatchLogsClient({ region, ...local });
}

export type LogQuery = {
  logGroupName: string;
  filterPattern: string;
  /** Milliseconds since 1970 of the earliest event. */
  startTime: number;
};

/**
 * The messages of a log group that a pattern is for; one that was delivered twice counts once.
 * @throws AWS's errors as they are
 */
export async function logMessages(client: Pick<CloudWatchLogsClient, 'send'>, query: LogQuery): Promise<string[]> {
  const messages = new Set<string>();
  let nextToken: string | undefined;
  // An answer may be empty and still not be the last.
  do {
    const page = await client.send(new FilterLogEventsCommand({ ...query, nextToken }));
    for (const { message = '{}' } of page.events ?? []) messages.add(message);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return [...messages];
}

import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { logMessages } from '../commands/read-logs.ts';

/** A line that a function wrote about a message, as its logger wrote it. */
export type MessageLine = {
  level: string;
  message: string;
  /** ISO 8601. */
  timestamp: string;
  /** The function's folder. */
  service: string;
  function_request_id?: string;
  [detail: string]: unknown;
};

/**
 * What functions logged about a message, alone or with others of its run, in the order it happened; of one moment in the order of the log
 * groups. The id is a quoted term, which CloudWatch Logs finds wherever it stands in a line
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-unstructured-log-events.html).
 * @param since milliseconds since 1970 of the earliest line to look at
 * @throws AWS's errors as they are
 */
export async function linesAbout(
  client: Pick<CloudWatchLogsClient, 'send'>,
  messageId: string,
  logGroups: readonly string[],
  since: number,
): Promise<MessageLine[]> {
  const lines: MessageLine[] = [];
  for (const logGroupName of logGroups) {
    const query = { logGroupName, filterPattern: `"${messageId}"`, startTime: since };
    for (const text of await logMessages(client, query)) {
      const line = parse(text);
      if (line && isAbout(line, messageId)) lines.push(line);
    }
  }
  return lines.sort((one, other) => Date.parse(one.timestamp) - Date.parse(other.timestamp));
}

/** The ids of the messages that a line names. */
export function idsIn({ messageId, messageIds }: MessageLine): unknown[] {
  return [messageId, messageIds].flat();
}

function isAbout(line: MessageLine, messageId: string): boolean {
  return typeof line.message === 'string' && idsIn(line).includes(messageId);
}

/** Nothing for what is no line of the logger's, as Lambda's own reports. */
function parse(text: string): MessageLine | undefined {
  try {
    return JSON.parse(text) as MessageLine;
  } catch {
    return undefined;
  }
}

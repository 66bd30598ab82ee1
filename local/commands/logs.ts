import { decodeTime } from 'ulid';
import { journeyOf } from '../journey/journey.ts';
import { journeyText } from '../journey/journey-text.ts';
import { linesAbout, type MessageLine } from '../journey/message-lines.ts';
import { Advice, adviceOnLogs, failWith } from './advice.ts';
import { readLogOptions } from './log-options.ts';
import { fromOutputs } from './outputs-file.ts';
import { logsClient } from './read-logs.ts';

const usage = `npm run logs -- --message ID [--outputs FILE] [--json]
  --message ID    the message, by the messageId of its reply, its frame or its dead letter
  --outputs FILE  the stack's outputs: .local/outputs.json of the embedded cloud (default), or what
                  npm run deploy wrote to .local/stack-outputs.json
  --json          for machines`;

/** Where functions tell of messages. */
type Target = { region: string; logGroups: string[]; edgeUrl?: string };

/** A client may give an id whose time is a minute ahead. */
const slackMs = 120_000;

async function main(): Promise<void> {
  const { id: messageId, outputs, json } = readLogOptions('message', usage);
  const target = fromOutputs(outputs, targetIn, 'the logs of messages');
  const since = decodeTime(messageId) - slackMs;
  const lines = await read(target, messageId, since);
  if (lines.length === 0) throw nothingAbout(messageId, target, since);
  const journey = journeyOf(messageId, lines);
  console.log(json ? JSON.stringify(journey, null, 2) : journeyText(journey));
}

/** The embedded cloud's outputs, or those of one stack as CDK writes them. */
function targetIn(outputs: object): Target | undefined {
  const { region, messageLogs, edge } = outputs as { region?: string; messageLogs?: string[]; edge?: { url: string } };
  if (region && messageLogs) return { region, logGroups: messageLogs, ...(edge && { edgeUrl: edge.url }) };
  const { Region, MessageLogs } = outputs as Record<string, string | undefined>;
  return Region && MessageLogs ? { region: Region, logGroups: MessageLogs.split(',') } : undefined;
}

async function read({ region, logGroups, edgeUrl }: Target, messageId: string, since: number): Promise<MessageLine[]> {
  const client = logsClient(region, edgeUrl);
  try {
    return await linesAbout(client, messageId, logGroups, since);
  } catch (error) {
    throw adviceOnLogs(error as Error, 'a journey');
  } finally {
    client.destroy();
  }
}

function nothingAbout(messageId: string, { logGroups, edgeUrl }: Target, since: number): Advice {
  const next = edgeUrl
    ? 'npm start -- --fresh empties the logs, too.'
    : 'Lines follow by some seconds, and are kept as long as the log groups say.';
  return new Advice(
    `No function tells of message ${messageId}. Looked at everything since ${new Date(since).toISOString()} in\n` +
      `${logGroups.map((group) => `  ${group}`).join('\n')}\n` +
      `Is it a message of this stack? One that was refused never was a message: its sender has the error. ${next}`,
  );
}

main().catch((error: unknown) => failWith(error, usage));

import { decodeTime } from 'ulid';
import { ExecutionLogs } from '../audit/execution-logs.ts';
import { type Story, storyOf } from '../audit/story.ts';
import { textOf } from '../audit/story-text.ts';
import { Advice, adviceOnLogs, failWith } from './advice.ts';
import { readLogOptions } from './log-options.ts';
import { fromOutputs } from './outputs-file.ts';
import { logsClient } from './read-logs.ts';

const usage = `npm run audit -- --redrive ID [--outputs FILE] [--json]
  --redrive ID    the redrive, as startRedrive and redrives give its id
  --outputs FILE  the stack's outputs: .local/outputs.json of the embedded cloud (default), or what
                  npm run deploy wrote to .local/stack-outputs.json
  --json          for machines`;

/** Where the logs are. */
type Target = { region: string; controlLog: string; redriveLog: string; edgeUrl?: string };

/** A redrive may have been asked for a moment before the clock its id was made by. */
const slackMs = 60_000;

async function main(): Promise<void> {
  const { id: redrive, outputs, json } = readLogOptions('redrive', usage);
  const target = fromOutputs(outputs, targetIn, 'the logs of redrives');
  const story = await storyIn(target, redrive);
  if (!story.start && story.cancels.length === 0 && story.generations.length === 0) {
    throw new Advice(
      `The logs tell nothing of redrive ${redrive}. Is the id one that redrives lists, of this stack? A log is kept for a year, ` +
        `and on AWS it follows by some seconds. Looked in ${target.controlLog} and ${target.redriveLog}.`,
    );
  }
  console.log(json ? JSON.stringify(story, null, 2) : textOf(story));
}

/** The embedded cloud's outputs, or those of one stack as CDK writes them. */
function targetIn(outputs: object): Target | undefined {
  const { region, audit, edge } = outputs as {
    region?: string;
    audit?: { controlLog: string; redriveLog: string };
    edge?: { url: string };
  };
  if (region && audit) return { region, ...audit, ...(edge && { edgeUrl: edge.url }) };
  const { Region, RedriveControlLog, RedriveLog } = outputs as Record<string, string | undefined>;
  return Region && RedriveControlLog && RedriveLog
    ? { region: Region, controlLog: RedriveControlLog, redriveLog: RedriveLog }
    : undefined;
}

async function storyIn({ region, controlLog, redriveLog, edgeUrl }: Target, redriveId: string): Promise<Story> {
  const client = logsClient(region, edgeUrl);
  const logs = new ExecutionLogs(client);
  const since = decodeTime(redriveId) - slackMs;
  try {
    const control = await logs.executionsAbout(redriveId, controlLog, since);
    const redriving = await logs.executionsAbout(redriveId, redriveLog, since);
    return storyOf(redriveId, control, redriving);
  } catch (error) {
    throw adviceOnLogs(error as Error, 'the audit');
  } finally {
    client.destroy();
  }
}

main().catch((error: unknown) => failWith(error, usage));

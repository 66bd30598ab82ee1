import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeTime, isValid } from 'ulid';
import { ExecutionLogs } from './audit-log.ts';
import { type Story, storyOf } from './audit-story.ts';
import { textOf } from './audit-text.ts';
import { outsideCredentials } from './edge/credentials.ts';

const usage = `npm run audit -- --redrive ID [--outputs FILE] [--json]
  --redrive ID    the redrive, as startRedrive and redrives give its id
  --outputs FILE  the stack's outputs: .local/outputs.json of the embedded cloud (default), or what
                  npm run deploy wrote to .local/stack-outputs.json
  --json          for machines`;

/** Somebody is told what went wrong and what to do, and nothing else. */
class Advice extends Error {}

/** Where the logs are. */
type Target = { region: string; controlLog: string; redriveLog: string; edgeUrl?: string };

/** A redrive may have been asked for a moment before the clock its id was made by. */
const slackMs = 60_000;

async function main(): Promise<void> {
  const { redrive, outputs, json } = readArguments();
  const target = targetOf(outputs);
  const story = await storyIn(target, redrive);
  if (!story.start && story.cancels.length === 0 && story.generations.length === 0) {
    throw new Advice(
      `The logs tell nothing of redrive ${redrive}. Is the id one that redrives lists, of this stack? A log is kept for a year, ` +
        `and on AWS it follows by some seconds. Looked in ${target.controlLog} and ${target.redriveLog}.`,
    );
  }
  console.log(json ? JSON.stringify(story, null, 2) : textOf(story));
}

function readArguments(): { redrive: string; outputs: string; json: boolean } {
  const { values } = parseArgs({
    options: {
      redrive: { type: 'string' },
      outputs: { type: 'string', default: join(import.meta.dirname, '../.local/outputs.json') },
      json: { type: 'boolean', default: false },
    },
  });
  const { redrive = '', outputs, json } = values;
  if (!isValid(redrive))
    throw new Advice(`--redrive expects a redrive's id, a ULID, and got ${JSON.stringify(redrive)}\n\n${usage}`);
  return { redrive: redrive.toUpperCase(), outputs, json };
}

function targetOf(file: string): Target {
  if (!existsSync(file)) {
    throw new Advice(
      `${file} does not exist. Start the embedded cloud with npm start, or name a stack's outputs with --outputs.`,
    );
  }
  const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const found = [content, ...Object.values(content)].map(targetIn).find((target) => target !== undefined);
  if (!found)
    throw new Advice(`${file} does not name the logs of redrives. Deploy the stack or start the embedded cloud anew.`);
  return found;
}

/** The embedded cloud's outputs, or those of one stack as CDK writes them. */
function targetIn(outputs: unknown): Target | undefined {
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
  const local = edgeUrl === undefined ? {} : { endpoint: edgeUrl, credentials: outsideCredentials };
  const client = new CloudWatchLogsClient({ region, ...local });
  const logs = new ExecutionLogs(client);
  const since = decodeTime(redriveId) - slackMs;
  try {
    const control = await logs.executionsAbout(redriveId, controlLog, since);
    const redriving = await logs.executionsAbout(redriveId, redriveLog, since);
    return storyOf(redriveId, control, redriving);
  } catch (error) {
    throw adviceOn(error as Error & { code?: string });
  } finally {
    client.destroy();
  }
}

function adviceOn(error: Error & { code?: string }): Error {
  const { name, code, message } = error;
  if (code === 'ECONNREFUSED')
    return new Advice('The embedded cloud does not answer. Start it with npm start; its logs are still there.');
  if (name === 'CredentialsProviderError')
    return new Advice('There are no AWS credentials. Set AWS_PROFILE, or sign in.');
  if (name === 'ResourceNotFoundException')
    return new Advice(`${message} Do the outputs belong to this account and region?`);
  if (name === 'AccessDeniedException')
    return new Advice(`${message}\nReading the audit takes logs:FilterLogEvents on both log groups.`);
  return error;
}

main().catch((error: unknown) => {
  const { message, code = '' } = error as Error & { code?: string };
  console.error(
    String(code).startsWith('ERR_PARSE_ARGS') ? `${message}\n\n${usage}` : error instanceof Advice ? message : error,
  );
  process.exitCode = 1;
});

import { idsIn, type MessageLine } from './message-lines.ts';

type Tell = (line: MessageLine, messageId: string) => string;

/** What the lines say that functions write about messages, by how they begin. A line that is not here is told in its own words. */
const telling: Record<string, Tell> = {
  Published: ({ messageType }) => `Published, ${messageType}`,
  Repeated: () => 'Published again: history has it, so nothing was sent',
  Committed: (line, messageId) => `Committed${numberIn(line, messageId)}${companyOf(line)}`,
  'Already in history': () => 'Came again: history has it already',
  'Handed to slots': ({ slots }) => `Handed to the ${slots} slots of a large chat`,
  Delivered: (line) => `${deliveredIn(line)}${companyOf(line)}`,
  'A run failed': (line) => `Failed at ${line['stage']}${causeOf(line)}${companyOf(line)}`,
  'Dead letter': ({ reason, stage, receiveCount }) => `Dead letter: ${reason} (at ${stage}, try ${receiveCount})`,
  Recorded: ({ queue }) => `Recorded as a dead letter of ${queue}`,
  Redriven: ({ redriveId }) => `Redriven by redrive ${redriveId}`,
  Discarded: ({ redriveId }) => `Discarded by redrive ${redriveId}`,
};

/** One line about a message in words. */
export function whatHappened(line: MessageLine, messageId: string): string {
  const retry = /^Retry (\w+)$/.exec(line.message)?.[1];
  if (retry) return `Retry ${line['tries']} for connection ${line['connectionId']}: ${outcomes[retry] ?? retry}`;
  const tell = Object.hasOwn(telling, line.message) ? telling[line.message] : undefined;
  return tell ? tell(line, messageId) : `${line.message}${causeOf(line)}`;
}

const outcomes: Record<string, string> = {
  again: 'not yet, tried again later',
  moot: 'nobody listens there any more',
  gone: 'the connection is gone',
  closed: 'the connection took nothing for too long and was closed',
};

function deliveredIn({ slot, connections, gone, retried }: MessageLine): string {
  const reached = Number(connections) - Number(gone) - Number(retried);
  const others = [
    ...(Number(gone) > 0 ? [`${gone} gone`] : []),
    ...(Number(retried) > 0 ? [`${retried} to be retried`] : []),
  ];
  return [
    `Delivered to ${reached} ${reached === 1 ? 'connection' : 'connections'}`,
    ...(slot === undefined ? [] : [`slot ${slot}`]),
    ...others,
  ].join(', ');
}

/** A run's numbers follow each other: where all of its messages have one, each has the one of its place. */
function numberIn(line: MessageLine, messageId: string): string {
  const { firstSequence, lastSequence } = line;
  if (typeof firstSequence !== 'number' || typeof lastSequence !== 'number') return '';
  const ids = idsIn(line).filter((id) => id !== undefined);
  if (lastSequence - firstSequence + 1 === ids.length) return ` with number ${firstSequence + ids.indexOf(messageId)}`;
  return `, its run with numbers ${firstSequence} to ${lastSequence}`;
}

function companyOf(line: MessageLine): string {
  const others = idsIn(line).filter((id) => id !== undefined).length - 1;
  return others > 0 ? ` (in a run with ${others} more)` : '';
}

function causeOf({ cause }: MessageLine): string {
  const { name } = (cause ?? {}) as { name?: string };
  return name === undefined ? '' : `: ${name}`;
}

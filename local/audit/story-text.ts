import type { Ask, Counts, Generation, Start, Story } from './story.ts';

/** What happened when, in lines for a person to read. */
type Entry = { at: number; lines: string[] };

/** A redrive's story, in the order it happened. */
export function textOf(story: Story): string {
  const { redriveId, start, cancels, generations, end, counts } = story;
  const entries = [
    ...(start ? [startEntry(start)] : []),
    ...cancels.map(cancelEntry),
    ...generations.flatMap(generationEntries),
  ].sort((one, other) => one.at - other.at);
  const lines = entries.flatMap(({ at, lines: [first = '', ...rest] }) => [
    `${timeOf(at)}  ${first}`,
    ...rest.map((line) => `${' '.repeat(timeOf(at).length)}  ${line}`),
  ]);
  const ended = end
    ? `It ${endings[end.status] ?? end.status} at ${timeOf(end.at)}${end.error ? `: ${end.error}` : ''}.`
    : 'No end of it is in the log: it runs, waits for its next execution, or never began.';
  return [`Redrive ${redriveId}`, '', ...lines, '', ended, ...(counts ? [`In all: ${countsText(counts)}.`] : [])].join(
    '\n',
  );
}

const endings: Record<string, string> = { completed: 'completed', cancelled: 'was cancelled', failed: 'failed' };

function startEntry(start: Start): Entry {
  const { at, by, reason, queue, mode, filter, maxMessages, maxPerSecond, includeRevokedSenders } = start;
  const limits = [
    ...(maxMessages === undefined ? [] : [`${maxMessages} letters at most`]),
    ...(maxPerSecond === undefined ? [] : [`${maxPerSecond} a second at most`]),
  ];
  const letters = Object.entries(filter).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return {
    at,
    lines: [
      `${by} asks to ${mode} letters of ${queue}`,
      `  because  ${reason}`,
      `  letters  ${letters.join(', ') || 'all that wait'}`,
      ...(limits.length > 0 ? [`  limits   ${limits.join(', ')}`] : []),
      ...(includeRevokedSenders ? ['  senders  also those who may not send to their chats any more'] : []),
      `  answer   ${answerOf(start)}`,
    ],
  };
}

function cancelEntry(cancel: Ask): Entry {
  const { at, by, reason } = cancel;
  return { at, lines: [`${by} asks for its end`, `  because  ${reason}`, `  answer   ${answerOf(cancel)}`] };
}

function answerOf({ answer, why }: Ask): string {
  return why === undefined ? answer : `${answer}: ${why}`;
}

function generationEntries({ generation, at, batches, failedTries, endedAt, ended }: Generation): Entry[] {
  if (ended === 'not its turn' && batches.length === 0) {
    return [
      {
        at,
        lines: [`an execution begins, finds that generation ${generation} is taken or the redrive over, and ends`],
      },
    ];
  }
  return [
    { at, lines: [`generation ${generation} begins`] },
    ...batches.map((batch) => ({
      at: batch.at,
      lines: [`  batch: ${batch.counts ? countsText(batch.counts) : 'no counts'}; ${goingOn(batch.state)}`],
    })),
    ...failedTries.map(({ at: failedAt, error, cause }) => ({
      at: failedAt,
      lines: [`  a try failed: ${error}${cause ? `: ${cause}` : ''}`],
    })),
    ...(endedAt === undefined ? [] : [{ at: endedAt, lines: [`generation ${generation} ends: ${ended}`] }]),
  ];
}

function goingOn(state: string): string {
  return (
    { more: 'there is more', done: 'that was all', cancelled: 'to end here', superseded: 'not its turn any more' }[
      state
    ] ?? state
  );
}

function countsText({ examined, matched, redriven, discarded, skipped, failed }: Counts): string {
  const parts = [
    `${examined} looked at`,
    `${matched} meant`,
    ...(redriven > 0 ? [`${redriven} sent again`] : []),
    ...(discarded > 0 ? [`${discarded} given up`] : []),
    ...(skipped > 0 ? [`${skipped} left alone`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return parts.join(', ');
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

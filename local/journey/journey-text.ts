import type { Journey } from './journey.ts';

/** A message's journey for a person to read. */
export function journeyText({ messageId, publishedAt, steps, redrives, waitsIn }: Journey): string {
  const after = steps.map(({ afterMs }) => `${afterMs < 0 ? '' : '+'}${afterMs.toLocaleString('en')} ms`);
  const afterWidth = Math.max(...after.map(({ length }) => length));
  const functionWidth = Math.max(...steps.map((step) => step.function.length));
  const whatWidth = Math.max(...steps.map(({ what }) => what.length));
  const lines = steps.map(({ at, function: name, what, requestId }, index) =>
    [
      new Date(at).toISOString(),
      (after[index] ?? '').padStart(afterWidth),
      name.padEnd(functionWidth),
      what.padEnd(whatWidth),
      requestId,
    ]
      .join('  ')
      .trimEnd(),
  );
  const from =
    publishedAt === undefined
      ? 'no publisher tells of it; milliseconds are since its first line'
      : `published at ${new Date(publishedAt).toISOString()}`;
  return [`Message ${messageId}, ${from}`, '', ...lines, ...afterwards(redrives, waitsIn)].join('\n');
}

function afterwards(redrives: readonly string[], waitsIn: string | undefined): string[] {
  const next = [
    ...redrives.map((redriveId) => `Who redrove it, and why: npm run audit -- --redrive ${redriveId}`),
    ...(waitsIn === undefined ? [] : [`It waits as a dead letter of ${waitsIn}: docs/operations.md says what to do.`]),
  ];
  return next.length > 0 ? ['', ...next] : [];
}

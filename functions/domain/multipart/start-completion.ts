import { environment } from '../../platform/environment.ts';
import { startWorkflow } from '../../platform/workflows.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { groupKey, partOf } from './part.ts';

/**
 * Starts multipart-completion once for each group that the messages are parts of. It looks whether the group is full, and
 * ends at once when it is not: a transaction does not tell how many parts there are by now.
 *
 * @param stored messages that history holds, whoever put them there: the one who did may have died before this.
 * @returns why a message's group was not started, by message; empty when all were. Never throws.
 */
export async function startCompletions(stored: readonly Envelope[]): Promise<Map<Envelope, unknown>> {
  const failures = new Map<Envelope, unknown>();
  await Promise.all(
    [...byGroup(stored).values()].map(async ({ input, envelopes }) => {
      try {
        await startWorkflow(environment.multiPartCompletionArn, input);
      } catch (error) {
        for (const envelope of envelopes) failures.set(envelope, error);
      }
    }),
  );
  return failures;
}

/** What the workflow is told of a group, and the messages that are parts of it. */
interface Group {
  input: { chatId: string; groupId: string };
  envelopes: Envelope[];
}

function byGroup(stored: readonly Envelope[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const envelope of stored) {
    const part = partOf(envelope);
    if (part === undefined) continue;
    const { chatId, groupId } = part;
    const group = groups.get(groupKey(part)) ?? { input: { chatId, groupId }, envelopes: [] };
    groups.set(groupKey(part), group);
    group.envelopes.push(envelope);
  }
  return groups;
}

import { deleteRows } from '../../platform/delete-rows.ts';
import { errorSummary, logger } from '../../platform/logger.ts';
import type { RowKey } from '../../platform/read-together.ts';
import type { Deadline } from '../deadline.ts';

/** Deletes the rows of connections that are gone. Best effort: what stays is found again with the next message. */
export async function forget(rows: readonly RowKey[], deadline: Deadline): Promise<void> {
  if (deadline.hasPassed()) return;
  try {
    await deleteRows(rows);
  } catch (error) {
    logger.warn('Rows of gone connections stay behind', { rows: rows.length, cause: errorSummary(error) });
  }
}

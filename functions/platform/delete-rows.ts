import { batchWrite } from './batch-write.ts';
import type { RowKey } from './read-together.ts';

/** Deletes rows of one or more tables. Rows that are gone already do no harm. */
export async function deleteRows(keys: readonly RowKey[]): Promise<void> {
  await batchWrite(keys.map(({ table, key }) => ({ table, request: { DeleteRequest: { Key: key } } })));
}

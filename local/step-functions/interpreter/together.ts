/**
 * Runs several flows at the same time, at most so many at once, and gives their outputs in their order. The first that fails ends the
 * others, and its error is thrown once all have ended.
 */
export async function together<T>(
  count: number,
  concurrency: number,
  signal: AbortSignal,
  run: (index: number, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const ending = new AbortController();
  const all = AbortSignal.any([signal, ending.signal]);
  const outputs: T[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count && failures.length === 0) {
      const index = next++;
      try {
        outputs[index] = await run(index, all);
      } catch (error) {
        failures.push(error);
        ending.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return outputs;
}

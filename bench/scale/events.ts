/** A message of one chat: its number, and when it is published, in milliseconds from the start. */
export interface Published {
  number: number;
  atMs: number;
}

/** Random numbers in [0, 1) that are the same for the same seed: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Messages as people send them: so many, with pauses that are random and make so many a second on average. */
export function messagesOf(count: number, perSecond: number, seed = 1): Published[] {
  const random = seededRandom(seed);
  let atMs = 0;
  return Array.from({ length: count }, (_, index) => {
    atMs += (-Math.log(1 - random()) / perSecond) * 1000;
    return { number: index + 1, atMs };
  });
}

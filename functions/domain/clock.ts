export const secondsPerDay = 86_400;

/** Epoch seconds, as tokens, permissions and TTL attributes count. */
export function toSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}

/** The value below which this share of the values lies; of an empty list NaN. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** The middle value: one slow round does not move it. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A number with so many significant digits, and no more of them than it needs. */
export function round(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}

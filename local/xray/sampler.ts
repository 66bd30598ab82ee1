/** Lambda keeps the first trace of each second, and this share of the others (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html). */
const shareOfOthers = 0.05;

/** Decides about traces that nobody has decided about before. */
export class Sampler {
  /** Share of traces kept, 0 to 1; none: as Lambda does. */
  rate: number | undefined;
  readonly #seconds = new Map<string, number>();

  /** Whether the trace that a function begins now is kept. */
  keeps(functionName: string): boolean {
    if (this.rate !== undefined) return Math.random() < this.rate;
    const second = Math.floor(Date.now() / 1000);
    if (this.#seconds.get(functionName) === second) return Math.random() < shareOfOthers;
    this.#seconds.set(functionName, second);
    return true;
  }
}

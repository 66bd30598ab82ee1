/** The execution took longer than it may; no state can catch that. */
export class OutOfTime extends Error {}

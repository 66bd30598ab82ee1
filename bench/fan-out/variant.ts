/** One way to post a text to many connections, as a bundle of its own exports it. */
export interface Variant {
  /** What there is to be made before the first message: nothing of it counts. */
  recipients(ids: readonly string[]): unknown;
  send(text: string, recipients: never): Promise<unknown>;
}

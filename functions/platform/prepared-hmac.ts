import { hash } from 'node:crypto';

/** Of SHA-256, in bytes: https://datatracker.ietf.org/doc/html/rfc2104 */
const blockLength = 64;
const digestLength = 32;

/**
 * HMAC-SHA256 of texts that begin alike and end in so many ASCII characters of their own. Its two hashes are made in
 * buffers that are kept, where an Hmac of Node's is a native object for each text that must be collected again.
 */
export class PreparedHmac {
  readonly #inner: Buffer;
  readonly #outer: Buffer;
  readonly #endAt: number;

  /** @param key at most 64 bytes. */
  constructor(key: Buffer, beginning: string, endLength: number) {
    const padded = Buffer.concat([key], blockLength);
    const start = Buffer.concat([padded.map((byte) => byte ^ 0x36), Buffer.from(beginning)]);
    this.#endAt = start.length;
    this.#inner = Buffer.concat([start], start.length + endLength);
    this.#outer = Buffer.concat([padded.map((byte) => byte ^ 0x5c)], blockLength + digestLength);
  }

  /** In hex. */
  sign(end: string): string {
    this.#inner.write(end, this.#endAt, 'latin1');
    this.#outer.set(hash('sha256', this.#inner, 'buffer'), blockLength);
    return hash('sha256', this.#outer);
  }
}

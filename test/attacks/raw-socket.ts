import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { dial } from './raw-http.ts';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

type FrameShape = { opcode: number; fin?: boolean; masked?: boolean; reserved?: number; claimedLength?: bigint };

/** One client frame of RFC 6455, section 5.2, as it should be or not. */
export function frame(payload: string | Buffer, shape: FrameShape): Buffer {
  const { opcode, fin = true, masked = true, reserved = 0, claimedLength } = shape;
  const bytes = Buffer.from(payload as string);
  const length = claimedLength ?? BigInt(bytes.length);
  const extended = length > 65_535n ? 8 : length > 125n ? 2 : 0;
  const head = Buffer.alloc(2 + extended);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (extended === 8 ? 127 : extended === 2 ? 126 : Number(length));
  if (extended === 2) head.writeUInt16BE(Number(length), 2);
  if (extended === 8) head.writeBigUInt64BE(length, 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, bytes.map((byte, index) => byte ^ (key[index % 4] ?? 0))]);
}

/** The lines that ask for a WebSocket, to be changed at will. */
export function handshakeLines(url: string, path: string, more: string[] = []): string[] {
  const key = randomBytes(16).toString('base64');
  return [
    `GET ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'upgrade: websocket',
    'connection: Upgrade',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${key}`,
    ...more,
  ];
}

/** A WebSocket client made of bytes: it sends what it is told, and reads what comes. */
export class RawSocket {
  readonly texts: string[] = [];
  readonly pongs: string[] = [];
  readonly stream: Socket;
  /** The close code, 1005 for a close frame without one, 1006 for an end without a close frame. */
  readonly closed: Promise<number>;
  #bytes: Buffer = Buffer.alloc(0);
  #onText: () => void = () => undefined;

  private constructor(stream: Socket) {
    this.stream = stream;
    this.closed = new Promise((resolve) => {
      stream.on('data', (chunk: Buffer) => this.#read(chunk, resolve));
      stream.on('error', () => resolve(1006));
      stream.on('close', () => resolve(1006));
    });
  }

  /** @throws Error unless it is opened */
  static async open(url: string, token: string): Promise<RawSocket> {
    const stream = await dial(url);
    const lines = handshakeLines(url, new URL(url).pathname, [`sec-websocket-protocol: notification.v1, ${token}`]);
    stream.write(`${lines.join('\r\n')}\r\n\r\n`);
    let head = Buffer.alloc(0);
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      head = Buffer.concat([head, chunk]);
      if (head.includes('\r\n\r\n')) break;
    }
    const end = head.indexOf('\r\n\r\n') + 4;
    if (!head.toString('latin1').startsWith('HTTP/1.1 101')) {
      stream.destroy();
      throw new Error(`Not opened: ${head.toString('latin1')}`);
    }
    const socket = new RawSocket(stream);
    if (end < head.length) stream.unshift(head.subarray(end));
    stream.resume();
    return socket;
  }

  send(...frames: Buffer[]): void {
    this.stream.write(Buffer.concat(frames));
  }

  /** The text of the first message that matches, come or yet to come. */
  next(matches: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.texts.map((text) => JSON.parse(text) as Record<string, unknown>).find(matches);
        if (found) resolve(found);
      };
      this.#onText = look;
      void this.closed.then((code) => reject(new Error(`Closed with ${code}; heard ${this.texts.join(' ')}`)));
      look();
    });
  }

  #read(chunk: Buffer, onClose: (code: number) => void): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const short = (this.#bytes[1] ?? 0) & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#bytes.length < start) return;
      const length =
        short === 126 ? this.#bytes.readUInt16BE(2) : short === 127 ? Number(this.#bytes.readBigUInt64BE(2)) : short;
      if (this.#bytes.length < start + length) return;
      const opcode = (this.#bytes[0] ?? 0) & 0x0f;
      const payload = this.#bytes.subarray(start, start + length);
      this.#bytes = this.#bytes.subarray(start + length);
      if (opcode === opcodes.close) onClose(payload.length >= 2 ? payload.readUInt16BE(0) : 1005);
      if (opcode === opcodes.pong) this.pongs.push(payload.toString());
      if (opcode === opcodes.text) this.texts.push(payload.toString());
      this.#onText();
    }
  }
}

import type { Outputs } from '../../setup/outputs.ts';
import { signIn } from '../../setup/sign-in.ts';
import { type Frame, TestSocket } from '../../setup/socket.ts';

/** A message can come in over a socket (`sendMessage`) and over HTTP (`POST /publish`). */
export type WayIn = 'socket' | 'http';
export const waysIn: readonly WayIn[] = ['socket', 'http'];

/** What is sent: JSON of a value, or text or bytes as they are. */
export type Body = string | Uint8Array | Record<string, unknown> | readonly unknown[] | number | boolean | null;

/** What came back. The status is in the frame on a socket, and in the response over HTTP. */
export type Answer = { status: number; body: Frame };

/** API Gateway takes frames of at most 32 KB; a longer message is sent in parts. */
const framePart = 30 * 1024;
const answers = ['reply', 'ack', 'error'];

/** One person with a token, a socket and the HTTP address. Questions on the socket are asked one after the other. */
export class Sender {
  readonly socket: TestSocket;
  readonly #outputs: Outputs;
  readonly #token: string;

  private constructor(outputs: Outputs, token: string, socket: TestSocket) {
    this.#outputs = outputs;
    this.#token = token;
    this.socket = socket;
  }

  static async signedIn(outputs: Outputs, username: string, ...chatIds: string[]): Promise<Sender> {
    const [{ accessToken }, socket] = await Promise.all([
      signIn(outputs, username),
      TestSocket.openAs(outputs, username, ...chatIds),
    ]);
    return new Sender(outputs, accessToken, socket);
  }

  ask(wayIn: WayIn, body: Body): Promise<Answer> {
    return wayIn === 'socket' ? this.#askSocket(body) : this.#askHttp(body);
  }

  async close(): Promise<void> {
    await this.socket.close();
  }

  async #askSocket(body: Body): Promise<Answer> {
    const heard = this.#answers().length;
    sendInParts(this.socket, onTheWire(body, 'sendMessage'));
    await this.socket.next(() => this.#answers().length > heard, `answer to ${String(body).slice(0, 200)}`);
    const frame = this.#answers()[heard] ?? {};
    return { status: Number(frame['statusCode'] ?? 200), body: frame };
  }

  #answers(): Frame[] {
    return this.socket.frames.filter(({ type }) => answers.includes(String(type)));
  }

  async #askHttp(body: Body): Promise<Answer> {
    const response = await fetch(new URL('publish', `${this.#outputs.httpUrl}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: onTheWire(body) as BodyInit,
    });
    return { status: response.status, body: (await response.json()) as Frame };
  }
}

/** An object gets the action that a socket needs, unless it names one. */
function onTheWire(body: Body, action?: string): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return JSON.stringify(isObject && action ? { action, ...body } : body);
}

function sendInParts({ socket }: TestSocket, message: string | Uint8Array): void {
  const bytes = Buffer.from(message as Uint8Array);
  const binary = typeof message !== 'string';
  for (let at = 0; at + framePart < bytes.length; at += framePart) {
    socket.send(bytes.subarray(at, at + framePart), { binary, fin: false });
  }
  const lastPart = Math.floor(Math.max(0, bytes.length - 1) / framePart) * framePart;
  socket.send(bytes.subarray(lastPart), { binary, fin: true });
}

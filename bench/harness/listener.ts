import { WebSocket } from 'ws';

type Frame = Record<string, unknown>;

/** A socket of the service that hands on what it receives, with when it did. */
export class Listener {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /**
   * Opens a socket that listens to chats.
   *
   * @param onFrame called with each frame and the time of its arrival, by `performance.now()`.
   * @throws Error when it is refused.
   */
  static async open(
    url: string,
    token: string,
    chatIds: readonly string[],
    onFrame: (frame: Frame, at: number) => void,
    frames: 'single' | 'batch' = 'single',
  ): Promise<Listener> {
    const query = new URLSearchParams({ chatIds: chatIds.join(','), frames });
    const socket = new WebSocket(`${url}?${query.toString()}`, ['notification.v1', token]);
    socket.on('message', (data: Buffer) => {
      const at = performance.now();
      onFrame(JSON.parse(data.toString()) as Frame, at);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Listener(socket);
  }

  send(message: Frame): void {
    this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket.terminate();
  }
}

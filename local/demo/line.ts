import type { SocketConstructor, SocketLike } from '../../client/index.ts';

/** A frame as it passed, by the page's clock. */
export interface PassedFrame {
  direction: 'in' | 'out';
  text: string;
  at: Date;
}

/**
 * One person's line to the service. It opens the sockets the client library asks for, shows every frame that passes, and
 * can be cut like a network: open sockets close, new ones fail, until it is mended.
 */
export class Line {
  readonly Socket: SocketConstructor;
  readonly #open = new Set<WebSocket>();
  #cut = false;

  /** `onFrame` is called before the client library sees a frame. */
  constructor(onFrame: (frame: PassedFrame) => void) {
    const open = (url: string, protocols: string[]): WebSocket | undefined => this.#connect(url, protocols);
    this.Socket = class implements SocketLike {
      onopen: SocketLike['onopen'] = null;
      onmessage: SocketLike['onmessage'] = null;
      onerror: SocketLike['onerror'] = null;
      onclose: SocketLike['onclose'] = null;
      readonly #socket: WebSocket | undefined;

      constructor(url: string, protocols: string[]) {
        const socket = (this.#socket = open(url, protocols));
        if (!socket) {
          setTimeout(() => this.onclose?.({ code: 1006 } as never));
          return;
        }
        socket.onopen = (event) => this.onopen?.(event as never);
        socket.onerror = (event) => this.onerror?.(event as never);
        socket.onclose = (event) => this.onclose?.(event as never);
        socket.onmessage = (event: MessageEvent<string>) => {
          onFrame({ direction: 'in', text: event.data, at: new Date() });
          this.onmessage?.(event as never);
        };
      }

      send(text: string): void {
        onFrame({ direction: 'out', text, at: new Date() });
        this.#socket?.send(text);
      }

      close(code?: number, reason?: string): void {
        this.#socket?.close(code, reason);
      }
    };
  }

  get isCut(): boolean {
    return this.#cut;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#open) socket.close();
  }

  mend(): void {
    this.#cut = false;
  }

  #connect(url: string, protocols: string[]): WebSocket | undefined {
    if (this.#cut) return undefined;
    const socket = new WebSocket(url, protocols);
    this.#open.add(socket);
    socket.addEventListener('close', () => this.#open.delete(socket));
    return socket;
  }
}

import type { Client, Message } from '../../client/index.ts';
import {
  type MultiPartReceiver,
  type ReceivedContent,
  type ReceiveFailure,
  type ReceiveProgress,
  receiveMultiPart,
  sendMultiPart,
} from '../../client/multipart/index.ts';
import { part } from './element.ts';
import { type Transfer, Transfers, sizeText } from './transfers.ts';

/** What the exchange tells whoever shows the chat. */
export interface FileListener {
  onReceived(received: ReceivedContent): void;
  /** Something to tell the person in words: files that are sent, or that failed. */
  onSent(text: string): void;
  onFailed(error: unknown): void;
}

/** The files one person sends to a chat, and gets from it. */
export class FileExchange {
  readonly #client: Client;
  readonly #chatId: string;
  readonly #userId: string;
  readonly #listener: FileListener;
  readonly #transfers: Transfers;
  readonly #receiver: MultiPartReceiver;
  readonly #receiving = new Map<string, Transfer>();
  #sending = Promise.resolve();

  /** `inside`: a copy of the person template; files are dropped anywhere on it. */
  constructor(
    inside: HTMLElement,
    client: Client,
    { chatId, userId, name }: { chatId: string; userId: string; name: string },
    listener: FileListener,
  ) {
    this.#client = client;
    this.#chatId = chatId;
    this.#userId = userId;
    this.#listener = listener;
    this.#transfers = new Transfers(inside);
    this.#receiver = receiveMultiPart(client, {
      onProgress: (progress) => this.#onProgress(progress),
      onContent: (received) => this.#onContent(received),
      onFailure: (failure) => this.#onFailure(failure),
    });
    this.#preparePicking(part(inside, 'file', HTMLInputElement), name);
    this.#prepareDropping(inside);
  }

  /** Takes a message of the chat; true when it belongs to a file and is nothing to show by itself. */
  accept(message: Message): boolean {
    return this.#receiver.accept(message);
  }

  #preparePicking(input: HTMLInputElement, name: string): void {
    input.setAttribute('aria-label', `Send files as ${name}`);
    input.addEventListener('change', () => {
      this.#sendAll(input.files);
      // So that the same file can be picked again.
      input.value = '';
    });
  }

  #prepareDropping(target: HTMLElement): void {
    const mark = (on: boolean): void => void target.toggleAttribute('data-dropping', on);
    target.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      mark(true);
    });
    target.addEventListener('dragleave', (event) => {
      if (!target.contains(event.relatedTarget as Node | null)) mark(false);
    });
    target.addEventListener('drop', (event) => {
      mark(false);
      event.preventDefault();
      this.#sendAll(event.dataTransfer?.files);
    });
  }

  /** One after the other: each is read into memory as a whole. */
  #sendAll(files: FileList | null | undefined): void {
    for (const file of files ?? []) this.#sending = this.#sending.then(() => this.#send(file));
  }

  async #send(file: File): Promise<void> {
    const stop = new AbortController();
    const cancelled = new Error(`${file.name} was not sent: cancelled`);
    const row = this.#transfers.begin(`Sending ${file.name}`, () => stop.abort(cancelled));
    const startedAt = performance.now();
    try {
      const { messageIds } = await sendMultiPart(this.#client, this.#chatId, file, {
        eventType: 'file',
        signal: stop.signal,
        onProgress: ({ sentParts, totalParts }) => row.show(sentParts / totalParts),
      });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const parts = messageIds.length === 1 ? '1 part' : `${messageIds.length} parts`;
      this.#listener.onSent(`${file.name}: ${sizeText(file.size)} in ${parts} accepted after ${seconds} s`);
    } catch (error) {
      this.#listener.onFailed(error);
    } finally {
      row.end();
    }
  }

  #onProgress({ groupId, senderId, name = 'a file', receivedParts, totalParts }: ReceiveProgress): void {
    // What is one's own is shown on its way out, not when it comes back.
    if (senderId === this.#userId) return;
    const row = this.#receiving.get(groupId) ?? this.#transfers.begin(`Receiving ${name}`);
    this.#receiving.set(groupId, row);
    row.show(receivedParts / totalParts);
  }

  #onContent(received: ReceivedContent): void {
    this.#end(received.groupId);
    this.#listener.onReceived(received);
  }

  #onFailure({ groupId, name = 'A file', reason, missingParts, totalParts }: ReceiveFailure): void {
    this.#end(groupId);
    const missing = missingParts.length > 0 ? `: ${missingParts.length} of ${totalParts} parts are missing` : '';
    this.#listener.onFailed(new Error(`${name} did not arrive, ${reason}${missing}`));
  }

  #end(groupId: string): void {
    this.#receiving.get(groupId)?.end();
    this.#receiving.delete(groupId);
  }
}

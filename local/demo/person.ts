import {
  type Client,
  type Frame,
  type Gap,
  type Message,
  type SendReply,
  ServiceError,
  createClient,
} from '../../client/index.ts';
import { copyOf, element, part } from './element.ts';
import { FileExchange } from './file-exchange.ts';
import { Line, type PassedFrame } from './line.ts';
import { MessageList } from './message-list.ts';
import type { DemoOutputs, DemoPerson } from './outputs.ts';
import { signIn } from './sign-in.ts';
import { Travels } from './travels.ts';
import { WireLog } from './wire-log.ts';

/** Messages of the chat's past that the page begins with. */
const PAST_MESSAGES = 20;

/** Who is offline for a while still wants sent what they wrote. */
const SEND_DEADLINE_MS = 10 * 60_000;

/** One person at a client of their own: their part of the page and what drives it. */
export class Person {
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #chatId: string;
  readonly #line: Line;
  readonly #client: Client;
  readonly #files: FileExchange;
  readonly #messages: MessageList;
  readonly #wire: WireLog;
  readonly #travels = new Travels();
  readonly #state: HTMLElement;
  readonly #answer: HTMLElement;
  readonly #lineButton: HTMLButtonElement;
  #waiting = 0;

  constructor(person: DemoPerson, { chatId, webSocketPath, people }: DemoOutputs) {
    const copy = copyOf('person');
    const section = copy.querySelector('section');
    if (!section) throw new Error('The template of a person has no section');
    const { username, role, userId } = person;
    const names = new Map(people.map((one) => [one.userId, one.username]));
    this.element = section;
    this.#name = username;
    this.#chatId = chatId;
    this.#messages = new MessageList(section, this.#travels, userId, (id) => names.get(id) ?? id);
    this.#wire = new WireLog(section);
    this.#state = part(section, 'state', HTMLElement);
    this.#answer = part(section, 'answer', HTMLElement);
    this.#lineButton = part(section, 'line', HTMLButtonElement);
    section.setAttribute('aria-label', username);
    part(section, 'name', HTMLElement).textContent = username;
    part(section, 'role', HTMLElement).textContent = role ?? 'no permission';
    part(section, 'scroll', HTMLElement).setAttribute('aria-label', `Messages ${username} has`);
    this.#prepareForm(section);
    this.#lineButton.addEventListener('click', () => this.#switchLine());
    this.#line = new Line((frame) => this.#onFrame(frame));
    const url = new URL(webSocketPath, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#client = createClient({
      url: url.href,
      token: () => signIn(username),
      WebSocket: this.#line.Socket,
      sendDeadlineMs: SEND_DEADLINE_MS,
    });
    this.#files = new FileExchange(
      section,
      this.#client,
      { chatId, userId, name: username },
      {
        onReceived: (received) => this.#messages.addFile(received),
        onSent: (text) => this.#show('accepted', text),
        onFailed: (error) => this.#show('refused', textOf(error)),
      },
    );
    this.#listen();
  }

  /** Connects, and follows the chat from some messages before its head; a refusal is shown in their place. */
  async join(): Promise<void> {
    const chatId = this.#chatId;
    // A subscription tells the head; the one that follows starts before it.
    const first = this.#client.subscribe(chatId, () => {});
    try {
      await Promise.all([this.#client.connect(), first.ready]);
    } catch (error) {
      this.#messages.refused(textOf(error));
      return;
    }
    const { headSequence } = await first.ready;
    first.unsubscribe();
    const onMessage = (message: Message): void => {
      if (!this.#files.accept(message)) this.#messages.add(message);
    };
    const onEnd = (error?: Error): void => {
      if (error) this.#messages.note(error.message);
    };
    this.#client.subscribe(chatId, { onMessage, onEnd }, { from: Math.max(0, headSequence - PAST_MESSAGES) });
  }

  #prepareForm(section: HTMLElement): void {
    const form = part(section, 'form', HTMLFormElement);
    const text = part(section, 'text', HTMLInputElement);
    text.setAttribute('aria-label', `Message from ${this.#name}`);
    text.placeholder = `Write as ${this.#name}`;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const copies = event.submitter instanceof HTMLButtonElement ? Number(event.submitter.value) || 1 : 1;
      const numbered = new FormData(form).has('numbered');
      for (let copy = 1; copy <= copies; copy++) {
        void this.#send(copies === 1 ? text.value : `${text.value} ${copy}`, numbered);
      }
      text.value = '';
    });
  }

  async #send(content: string, generateSequence: boolean): Promise<void> {
    this.#waiting++;
    this.#showWaiting();
    try {
      const reply = await this.#client.send({ chatId: this.#chatId, eventType: 'chat', content, generateSequence });
      this.#waiting--;
      this.#showReply(reply);
    } catch (error) {
      this.#waiting--;
      this.#show('refused', textOf(error));
    }
  }

  #switchLine(): void {
    if (this.#line.isCut) {
      this.#line.mend();
      this.#client.wake();
    } else this.#line.cut();
    this.#lineButton.textContent = this.#line.isCut ? 'Go online' : 'Go offline';
    this.#showState();
  }

  #listen(): void {
    const client = this.#client;
    client.on('state', ({ state, previous }) => {
      this.#showState();
      if (state === 'reconnecting') this.#messages.note('Connection lost');
      if (state === 'connected' && previous === 'reconnecting') this.#messages.note('Connected again');
    });
    client.on('error', (error) => {
      if (!this.#line.isCut) this.#show('refused', textOf(error));
    });
    client.on('truncated', ({ from, to }) => this.#messages.note(`Lost for good: ${rangeText({ from, to })}`));
    let rewrite: ((text: string) => void) | undefined;
    client.on('gap', (gap) => (rewrite = this.#messages.note(`Missing ${rangeText(gap)}: asking for history`)));
    client.on('gapFilled', (gap) => rewrite?.(`From history: ${rangeText(gap)}`));
    this.#showState();
  }

  #onFrame(passed: PassedFrame): void {
    const frame = JSON.parse(passed.text) as Frame;
    this.#wire.add(passed, frame);
    const answered = this.#travels.note(passed, frame);
    if (answered) this.#messages.replied(answered);
  }

  #showState(): void {
    const { state } = this.#client;
    const shown = this.#line.isCut ? 'offline' : state;
    this.#state.textContent = shown;
    this.#state.dataset.state = shown;
  }

  #showWaiting(): void {
    const where = this.#client.state === 'connected' ? 'Sending' : 'Waiting for the connection:';
    this.#show('waiting', `${where} ${this.#waiting} ${this.#waiting === 1 ? 'message' : 'messages'}`);
  }

  #showReply({ messageId }: SendReply): void {
    if (this.#waiting > 0) return this.#showWaiting();
    const afterMs = this.#travels.sendingOf(messageId)?.afterMs ?? 0;
    this.#show('accepted', `Accepted after ${afterMs} ms as `, element('code', '', messageId));
  }

  #show(kind: 'waiting' | 'accepted' | 'refused', ...content: (Node | string)[]): void {
    this.#answer.dataset.kind = kind;
    this.#answer.replaceChildren(...content);
  }
}

function rangeText({ from, to }: Pick<Gap, 'from' | 'to'>): string {
  return from === to ? `number ${from}` : `numbers ${from} to ${to}`;
}

function textOf(error: unknown): string {
  if (error instanceof ServiceError) return `${error.statusCode} ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

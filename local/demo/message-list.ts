import type { Message } from '../../client/index.ts';
import type { ReceivedContent } from '../../client/multipart/index.ts';
import { element, part, readable, timeOfDay } from './element.ts';
import { sizeText } from './transfers.ts';
import type { Arrival, Travels } from './travels.ts';

/** Messages on the page; older ones leave at the top. */
const SHOWN = 300;

/** Distance from the end, in pixels, within which a reader is taken to follow what comes. */
const FOLLOWING = 40;

/** What a browser shows as a picture and never runs. */
const PICTURE = /^image\/(avif|gif|jpeg|png|webp)$/;

/** One person's messages in the order the client library delivers them. Each unfolds to the frames behind it. */
export class MessageList {
  readonly #scroll: HTMLElement;
  readonly #list: HTMLOListElement;
  readonly #empty: HTMLElement;
  readonly #travels: Travels;
  readonly #nameOf: (userId: string) => string;
  readonly #userId: string;
  readonly #refill = new Map<string, () => void>();

  /** `inside`: a copy of the person template. `nameOf` gives the name behind a user id, or the id. */
  constructor(inside: ParentNode, travels: Travels, userId: string, nameOf: (userId: string) => string) {
    this.#scroll = part(inside, 'scroll', HTMLElement);
    this.#list = part(inside, 'messages', HTMLOListElement);
    this.#empty = part(inside, 'empty', HTMLElement);
    this.#travels = travels;
    this.#userId = userId;
    this.#nameOf = nameOf;
  }

  add(message: Message): void {
    this.#append(this.#item(message));
  }

  /** A file that came in parts: to keep, and to look at where it is a picture. Unfolds to the frame of its first part. */
  addFile(received: ReceivedContent): void {
    const { messageIds, groupId, name = 'file', mediaType = '' } = received;
    const parts = messageIds.length === 1 ? '1 part' : `${messageIds.length} parts`;
    const bytes = received.bytes ?? new TextEncoder().encode(JSON.stringify(received.content));
    const arrival = this.#travels.firstPartOf(groupId);
    const frames = element('div', 'frames');
    if (arrival)
      frames.append(figure(`${howItCame(arrival)}: the first of ${parts}, its content cut short`, arrival.text));
    const number = element('span', 'number', '·');
    const text = element('span', 'text', `${name}, ${sizeText(bytes.length)} in ${parts}`);
    const summary = element('summary', '', number, this.#about(received, arrival), text);
    const details = element('details', '', summary, frames);
    // Any other type could be a page, which must not be opened as one of ours.
    const isPicture = PICTURE.test(mediaType);
    const link = element('a', 'keep', 'Download');
    link.setAttribute('aria-label', `Download ${name}`);
    link.download = name;
    link.href = URL.createObjectURL(new Blob([bytes], { type: isPicture ? mediaType : 'application/octet-stream' }));
    const item = element('li', this.#classOf(received.senderId), details, link);
    if (isPicture) {
      const picture = element('img', 'picture');
      picture.alt = name;
      picture.src = link.href;
      link.before(picture);
    }
    this.#append(item);
  }

  /** A line of the page's own between the messages; the function it returns rewrites it. */
  note(text: string): (text: string) => void {
    const item = element('li', 'note', text);
    this.#append(item);
    return (later) => (item.textContent = later);
  }

  /** Stands where the messages would, which this person does not get. */
  refused(text: string): void {
    this.#empty.textContent = text;
    this.#empty.dataset.kind = 'refused';
  }

  /** The reply to a message came: shown at once where the message is unfolded. */
  replied(messageId: string): void {
    this.#refill.get(messageId)?.();
  }

  #append(item: HTMLLIElement): void {
    const scroll = this.#scroll;
    const following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < FOLLOWING;
    this.#empty.hidden = true;
    this.#list.append(item);
    while (this.#list.childElementCount > SHOWN) {
      const oldest = this.#list.firstElementChild;
      if (oldest instanceof HTMLElement) this.#refill.delete(oldest.dataset.messageId ?? '');
      const file = oldest?.querySelector<HTMLAnchorElement>('a[download]');
      if (file) URL.revokeObjectURL(file.href);
      oldest?.remove();
    }
    if (following) scroll.scrollTop = scroll.scrollHeight;
  }

  #item(message: Message): HTMLLIElement {
    const { messageId, senderId, sequence, content } = message;
    const arrival = this.#travels.arrivalOf(messageId);
    const number = element('span', 'number', sequence === undefined ? '·' : String(sequence));
    number.title = sequence === undefined ? 'No number was asked for' : `Number ${sequence} of this chat`;
    const text = element('span', 'text', typeof content === 'string' ? content : JSON.stringify(content));
    const frames = element('div', 'frames');
    const details = element('details', '', element('summary', '', number, this.#about(message, arrival), text), frames);
    const fill = (): void => {
      if (details.open) frames.replaceChildren(...this.#framesBehind(message));
    };
    details.addEventListener('toggle', fill);
    this.#refill.set(messageId, fill);
    const item = element('li', this.#classOf(senderId), details);
    item.dataset.messageId = messageId;
    return item;
  }

  #about(
    { senderId, publishTimestamp }: Pick<Message, 'senderId' | 'publishTimestamp'>,
    arrival?: Arrival,
  ): HTMLElement {
    const about = element('span', 'about', element('b', '', this.#nameOf(senderId)), ' ');
    about.append(timeOfDay(new Date(publishTimestamp)));
    if (arrival && arrival.how !== 'live') about.append(' ', chip(arrival));
    return about;
  }

  #classOf(senderId: string): string {
    return senderId === this.#userId ? 'message own' : 'message';
  }

  #framesBehind(message: Message): HTMLElement[] {
    const arrival = this.#travels.arrivalOf(message.messageId);
    const sending = this.#travels.sendingOf(message.messageId);
    const figures: HTMLElement[] = [];
    if (sending) figures.push(figure('Sent', sending.request));
    if (sending?.reply) figures.push(figure(`Answered after ${sending.afterMs ?? 0} ms`, sending.reply));
    figures.push(figure(howItCame(arrival), arrival?.text ?? JSON.stringify(message)));
    return figures;
  }
}

function chip({ how, together }: Arrival): HTMLElement {
  return element('span', 'chip', how === 'replay' ? 'replayed' : `batch of ${together}`);
}

function howItCame(arrival: Arrival | undefined): string {
  if (arrival?.how === 'replay') return 'Received on asking for history (replay)';
  if (arrival?.how === 'batch') return `Received live, one of ${arrival.together} in a batch frame`;
  return 'Received live, a frame of its own';
}

function figure(caption: string, json: string): HTMLElement {
  const code = element('pre', '', readable(json));
  code.tabIndex = 0;
  return element('figure', '', element('figcaption', '', caption), code);
}

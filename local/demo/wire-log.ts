import type { Frame, Message } from '../../client/index.ts';
import { element, part, readable, timeOfDay } from './element.ts';
import type { PassedFrame } from './line.ts';

/** Frames on the page; older ones leave. */
const SHOWN = 100;

/** Every frame that passed on one person's sockets, the newest first, each to unfold. */
export class WireLog {
  readonly #list: HTMLOListElement;
  readonly #count: HTMLElement;
  #passed = 0;

  /** `inside`: a copy of the person template. */
  constructor(inside: ParentNode) {
    this.#list = part(inside, 'frames', HTMLOListElement);
    this.#count = part(inside, 'count', HTMLElement);
  }

  add({ direction, text, at }: PassedFrame, frame: Frame): void {
    this.#count.textContent = String(++this.#passed);
    const arrow = element('span', 'arrow', direction === 'out' ? '↑' : '↓');
    arrow.title = direction === 'out' ? 'sent' : 'received';
    const size = element('span', 'size', `${new TextEncoder().encode(text).length} B`);
    const summary = element('summary', '', arrow, element('span', 'what', titleOf(frame)), size, timeOfDay(at));
    const details = element('details', '', summary);
    details.addEventListener(
      'toggle',
      () => details.append(element('pre', '', readable(JSON.stringify(withoutToken(frame))))),
      { once: true },
    );
    this.#list.prepend(element('li', direction, details));
    if (this.#list.childElementCount > SHOWN) this.#list.lastElementChild?.remove();
  }
}

function titleOf({ action, type, sequence, error, messages, multiPartMetadata, payload }: Frame): string {
  if (typeof action === 'string') return action + partOf((payload ?? {}) as Frame);
  if (type === 'error') return `error: ${String(error)}`;
  if (type === undefined)
    return `message${sequence === undefined ? '' : ` ${String(sequence)}`}${partOf({ multiPartMetadata })}`;
  return Array.isArray(messages) ? `${type} of ${messages.length}` : type;
}

function partOf({ multiPartMetadata }: Frame): string {
  const metadata = multiPartMetadata as Message['multiPartMetadata'];
  return metadata ? `, part ${metadata.partNumber} of ${metadata.totalParts}` : '';
}

/** People share screens: a token is shown as one, not with its value. */
function withoutToken(frame: Frame): Frame {
  return frame.token === undefined ? frame : { ...frame, token: '(a JSON Web Token)' };
}

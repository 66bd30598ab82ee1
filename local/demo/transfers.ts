import { copyOf, part } from './element.ts';

/** One file on its way, as a row of the page. */
export interface Transfer {
  /** `share`: from 0 to 1. */
  show(share: number): void;
  end(): void;
}

/** The files on their way to or from one person. */
export class Transfers {
  readonly #list: HTMLUListElement;

  /** `inside`: a copy of the person template. */
  constructor(inside: ParentNode) {
    this.#list = part(inside, 'transfers', HTMLUListElement);
  }

  /** Adds a row. `title` says what happens to which file; with `cancel` it can be stopped. */
  begin(title: string, cancel?: () => void): Transfer {
    const copy = copyOf('transfer');
    const row = part(copy, 'row', HTMLLIElement);
    const bar = part(copy, 'bar', HTMLProgressElement);
    const percent = part(copy, 'percent', HTMLElement);
    const button = part(copy, 'cancel', HTMLButtonElement);
    part(copy, 'title', HTMLElement).textContent = title;
    bar.setAttribute('aria-label', title);
    button.hidden = !cancel;
    button.setAttribute('aria-label', `Cancel: ${title}`);
    if (cancel) button.addEventListener('click', cancel);
    this.#list.append(copy);
    return {
      show(share) {
        bar.value = share;
        percent.textContent = `${Math.floor(share * 100)} %`;
      },
      end: () => row.remove(),
    };
  }
}

const UNITS = ['B', 'kB', 'MB'];

/** A size as people read it: `5.2 MB`. */
export function sizeText(bytes: number): string {
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  return `${(bytes / 1000 ** unit).toLocaleString(undefined, { maximumFractionDigits: unit })} ${UNITS[unit]}`;
}

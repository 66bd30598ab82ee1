import type { Figures } from './figures.ts';
import { alarmsText, clockText, latencyText, numberText, queuesText, rateText } from './words.ts';

/** A summary as lines, for what is no screen: one when there is something new, and none when there is not. */
export class Lines {
  #last: string;

  /** @param first what is known already */
  constructor(first: Figures) {
    this.#last = newsOf(first);
  }

  /** The line to write; undefined when nothing happened since the last one. */
  next(figures: Figures): string | undefined {
    const news = newsOf(figures);
    if (news === this.#last) return undefined;
    this.#last = news;
    return lineOf(figures);
  }
}

/** What is news when it changes. That a minute passes is none. */
function newsOf({ connections, published, queues, deadLetters, failedExecutions, alarms }: Figures): string {
  return JSON.stringify([connections, published, queues, deadLetters, failedExecutions, alarms]);
}

function lineOf(figures: Figures): string {
  const { connections, published, deadLetters, failedExecutions } = figures;
  return [
    `${clockText(figures)}  connections ${numberText(connections)}`,
    `messages ${numberText(published)} (${rateText(figures)} a second)`,
    `publish to post ${latencyText(figures)}`,
    `queues ${queuesText(figures)}`,
    `dead letters ${numberText(deadLetters)}`,
    `failed executions ${numberText(failedExecutions)}`,
    `alarms ${alarmsText(figures)}`,
  ].join('; ');
}

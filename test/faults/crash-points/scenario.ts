import type { Api } from '../../integration/graphql/api.ts';
import type { Queues } from '../../integration/model/queues.ts';
import type { FaultRule } from '../../setup/edge-control.ts';
import type { Stage } from '../../setup/stage.ts';
import type { Tables } from '../../setup/tables.ts';

/** What scenarios have at hand: one running cloud. */
export type World = { stage: Stage; api: Api; tables: Tables; queues: Queues };

/** One representative input, about a chat of its own, and what must have become of it in the end. */
export type Trial = {
  /** What the rules of this trial name: the chat's id, which its calls or their events hold. */
  about: string;
  /** What goes wrong in any case, so that the calls of a failure's path are made at all. */
  besides?: FaultRule[];
  /** Gives the input, and asks again as clients do until it is answered. */
  give(): Promise<void>;
  /** Resolves when all that the input causes has been done. Asked for only where nothing goes wrong. */
  over?(): Promise<void>;
  /** What is not, or not yet, as it must be. */
  breaches(): Promise<string[]>;
};

/** A way to have a role make its calls. */
export type Scenario = {
  /** Whose calls are struck: a function, a workflow or `appsync`. */
  role: string;
  /** What it is about, in a word or two. */
  of: string;
  /** How many trials may be struck side by side; one after another where a queue would put them into one batch. */
  atOnce: number;
  /** Actions that are struck here, if not all: the others are struck in another scenario of the role. */
  only?: readonly string[];
  /** Calls of one action are made all at once and are all alike: the first and the last stand for them. */
  alike?: true;
  /** A queue brings the input: then its record is also delivered once more, since deleting it fails. */
  queued?: true;
  /** Makes ready as many trials as there are ids. */
  arrange(chatIds: readonly string[]): Promise<Trial[]>;
};

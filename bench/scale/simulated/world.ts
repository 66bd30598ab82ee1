import type { ListeningRow } from '../../../functions/platform/connections.ts';
import type { OutgoingBody } from '../../../functions/platform/queues.ts';
import type { PostOutcome } from '../../../functions/platform/sockets.ts';

/** All that a simulated function environment has around it. */
export interface World {
  clock: { now(): number; sleep(ms: number): Promise<void> };
  /** The function's variables. */
  env: Record<string, string>;
  aws: Aws;
}

/** AWS, as far as delivery asks it. */
export interface Aws {
  post(connectionId: string, frame: string): Promise<PostOutcome>;
  /** Subscribers whose keys lie between the two, both included. */
  subscribers(from: string, to: string, most: number): Promise<ListeningRow[]>;
  sendMessages(queueUrl: string, messages: readonly OutgoingBody[]): Promise<void>;
}

declare global {
  /** Given to each bundle as the argument of the function that it is the body of. */
  const world: World;
}

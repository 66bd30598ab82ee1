import { describe } from './describe.ts';
import { InvalidRequest } from './errors.ts';

/** What a client may ask for in `action`. Every one but `sendMessage` is a route of its own. */
export const knownActions: readonly string[] = [
  'sendMessage',
  'subscribe',
  'unsubscribe',
  'replay',
  'ping',
  'authenticate',
  'report',
];

/** The refusal of an action that no route serves, or that is not a client's to name (`$connect`). */
export function unknownAction(action: unknown): InvalidRequest {
  return new InvalidRequest(`Unknown action: ${describe(action)}. Known actions: ${knownActions.join(', ')}.`);
}

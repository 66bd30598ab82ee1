import * as v from 'valibot';
import { limits } from './limits.ts';
import { invalid } from './parse.ts';

const message = invalid(
  'positions',
  `an object of at most ${limits.positionsPerPing} chat ids, each with its last sequence`,
);

/** What `ping` asks for. The numbers are the client's own account of where it is; the answer does not depend on them. */
export const PingRequest = v.object({
  positions: v.optional(
    v.pipe(
      v.record(v.string(), v.pipe(v.number(message), v.safeInteger(message), v.minValue(0, message)), message),
      v.check((positions) => Object.keys(positions).length <= limits.positionsPerPing, message),
      v.description('The chats this connection listens to, each with the last number that arrived.'),
    ),
  ),
});

import { InvalidRequest } from './errors.ts';
import { limits } from './limits.ts';

/**
 * Refuses what parses as JSON and yet cannot be passed on: nesting that would use up the stack of whoever writes or compares
 * it, and numbers that JSON cannot write again (`1e400` parses as Infinity, which is written as null). It goes level by
 * level, so that no nesting uses up its own stack.
 *
 * @param payload parsed JSON. The payload itself is the first level, an object or array in it the second.
 * @throws InvalidRequest
 */
export function requireSoundShape(payload: object): void {
  let level: object[] = [payload];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limits.payloadLevels) {
      throw new InvalidRequest(
        `Invalid payload: expected at most ${limits.payloadLevels} levels of nesting, got more.`,
      );
    }
    const values = level.flatMap((part) => Object.values(part) as unknown[]);
    if (values.some((value) => typeof value === 'number' && !Number.isFinite(value))) {
      throw new InvalidRequest('Invalid payload: expected finite numbers, got one beyond the range of a double.');
    }
    level = values.filter((value) => typeof value === 'object' && value !== null);
  }
}

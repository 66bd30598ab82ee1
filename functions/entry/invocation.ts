import type { Context } from 'aws-lambda';
import { holdLines } from '../platform/lines-together.ts';
import { logger } from '../platform/logger.ts';
import { countColdStart, flushMetrics } from '../platform/metrics.ts';

/**
 * What every invocation of a function begins and ends with: each line it logs carries its request id, and what it
 * measured is written down, however it ends.
 *
 * @returns the function's handler.
 */
export function invocation<Event, Result>(
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, context) => {
    logger.addContext(context);
    logger.resetKeys();
    countColdStart();
    const writeLines = holdLines();
    try {
      return await handle(event, context);
    } finally {
      flushMetrics();
      writeLines();
    }
  };
}

import type { Deadline } from '../domain/deadline.ts';
import { readOrder } from '../domain/redriving/order.ts';
import { plan, type Plan } from '../domain/redriving/plan.ts';
import { type Batch, type Outcome, runBatch } from '../domain/redriving/run-batch.ts';
import { invocation } from '../entry/invocation.ts';

/** What the workflows ask for: to see whether an order can be carried out, what it would do, or to carry it on by a batch. */
type Request = { check: unknown } | { plan: unknown } | { batch: Batch };

/** The answer to each. */
type Answer = Record<string, never> | Plan | Outcome;

/** AppSync waits 30 seconds for a plan (https://docs.aws.amazon.com/general/latest/gr/appsync.html), from the first call to the last. */
const planMs = 20_000;

/** A batch that looks at letters for so long has looked at enough. */
const batchMs = 5_000;

/** The part of a redrive that workflows cannot do: reading letters, judging them, and sending them again. */
export const handler = invocation(async (request: Request): Promise<Answer> => {
  if ('plan' in request) return plan(request.plan, endingIn(planMs));
  if ('batch' in request) return runBatch(request.batch, endingIn(batchMs));
  readOrder(request.check);
  return {};
});

function endingIn(milliseconds: number): Deadline {
  const end = Date.now() + milliseconds;
  return { hasPassed: () => Date.now() > end };
}

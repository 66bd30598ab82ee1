import { util } from '@aws-appsync/utils';
import { forbiddenMessage, isTransient, type Problem, type RefusalType } from './rules/problems.ts';

/** Ends the resolver with an error the client may rely on. */
export function refuse(errorType: RefusalType, message: string): never {
  util.error(message, errorType);
}

export function forbidden(): never {
  refuse('Forbidden', forbiddenMessage);
}

/**
 * Ends the resolver over one or more inputs. For a batch the message names the inputs and `errorInfo.items` lists
 * them; the type is that of the first.
 */
export function refuseInputs(problems: Problem[], batch: boolean): never {
  const first = problems[0] as Problem;
  if (!batch) refuse(first.errorType, first.message);
  const message = problems.map((problem) => `inputs[${problem.index}]: ${problem.message}`).join(' ');
  util.error(message, first.errorType, null, { items: problems });
}

/**
 * Ends the resolver after DynamoDB failed. The original message stays inside: it may name tables.
 *
 * @param reasons why DynamoDB cancelled a transaction, item by item
 */
export function refuseDynamoDbError(error: { type: string }, reasons: { type: string }[] = []): never {
  if (isTransient(error.type) || reasons.some((reason) => isTransient(reason.type)))
    refuse('Throttled', 'Too many requests at once; try again.');
  util.error('The request could not be completed; try again later.', 'InternalFailure');
}

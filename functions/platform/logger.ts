import { Logger } from '@aws-lambda-powertools/logger';

/**
 * Structured logs, one JSON object a line. What people write, their tokens and authorizer events never go in here:
 * log identifiers, counts, error names and stages. A line about messages names them in `messageId` or `messageIds`, by which
 * a message can be followed from function to function. `service`, from POWERTOOLS_SERVICE_NAME, is the function's folder.
 */
export const logger = new Logger();

/** The part of an error that is safe and useful in a log. */
export interface ErrorSummary {
  name: string;
  requestId?: string;
  statusCode?: number;
}

/** What a log may say of an error, which is not its message: those of AWS may name what they were sent. */
export function errorSummary(error: unknown): ErrorSummary {
  if (!(error instanceof Error)) return { name: typeof error };
  const metadata = '$metadata' in error ? (error.$metadata as { requestId?: string; httpStatusCode?: number }) : {};
  return {
    name: error.name,
    ...(metadata.requestId !== undefined && { requestId: metadata.requestId }),
    ...(metadata.httpStatusCode !== undefined && { statusCode: metadata.httpStatusCode }),
  };
}

/** Somebody is told what went wrong and what to do, and nothing else. */
export class Advice extends Error {}

/**
 * What to say about an error of CloudWatch Logs: advice, where there is some, or the error as it is.
 * @param what is read, as in `the audit`
 */
export function adviceOnLogs(error: Error & { code?: string }, what: string): Error {
  const { name, code, message } = error;
  if (code === 'ECONNREFUSED')
    return new Advice('The embedded cloud does not answer. Start it with npm start; its logs are still there.');
  if (name === 'CredentialsProviderError')
    return new Advice('There are no AWS credentials. Set AWS_PROFILE, or sign in.');
  if (name === 'ResourceNotFoundException')
    return new Advice(`${message} Do the outputs belong to this account and region?`);
  if (name === 'AccessDeniedException')
    return new Advice(`${message}\nReading ${what} takes logs:FilterLogEvents on its log groups.`);
  return error;
}

/** Ends a command that failed: with advice alone, with its usage for arguments it does not know, or with all there is. */
export function failWith(error: unknown, usage: string): void {
  const { message, code = '' } = error as Error & { code?: string };
  const misused = String(code).startsWith('ERR_PARSE_ARGS');
  console.error(misused ? `${message}\n\n${usage}` : error instanceof Advice ? message : error);
  process.exitCode = 1;
}

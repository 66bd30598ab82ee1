import * as v from 'valibot';
import { missingField } from './parse.ts';

/** What `authenticate` asks for. Nothing here says what came instead: it may be a token. */
export const AuthenticateRequest = v.object(
  {
    token: v.pipe(
      v.string('Invalid token: expected a string.'),
      v.minLength(1, 'Invalid token: expected a string that is not empty.'),
      v.description('A new access or id token of the user the connection is open for.'),
    ),
  },
  missingField,
);

import { createHash } from 'node:crypto';

/** What an AWS client signs with. */
export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string };

/** The role of tests, operators and anyone outside the stack: every right, and its calls are counted under this name. */
export const outsideRole = 'outside';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The credentials of a role, always the same for the same name, so that the access key id alone tells the edge who calls. They are
 * shaped as Lambda's are (`ASIA` for a temporary key, 20 characters; a 40 character secret; a session token).
 */
export function roleCredentials(role: string): Credentials {
  const digest = createHash('sha512').update(`embedded-cloud\0${role}`).digest();
  let key = '';
  for (const byte of digest.subarray(0, 16)) key += base32.charAt(byte % 32);
  return {
    accessKeyId: `ASIA${key}`,
    secretAccessKey: digest.subarray(16, 46).toString('base64'),
    sessionToken: digest.subarray(46).toString('base64url'),
  };
}

/** The credentials tests and operators use against the edge. */
export const outsideCredentials: Credentials = roleCredentials(outsideRole);

/** A token that says who and until when; its signature is nobody's, for the client does not verify. `expiresAt`: epoch milliseconds. */
export function jwt(expiresAt: number, sub = 'user-ada'): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub, exp: Math.floor(expiresAt / 1000) })}.signature`;
}

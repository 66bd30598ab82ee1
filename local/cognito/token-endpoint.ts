import { createHash, timingSafeEqual } from 'node:crypto';
import type { Reply } from '../edge/replies.ts';
import type { AppClient } from './library.ts';
import type { PoolTokens } from './tokens.ts';

type Refused =
  'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unauthorized_client' | 'unsupported_grant_type';

/**
 * The OAuth token endpoint for machines: client id and secret (HTTP Basic, or in the form) against an access token.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
 */
export function answerTokenRequest(
  request: { authorization: string | undefined; body: Buffer },
  clients: Map<string, AppClient>,
  tokens: PoolTokens,
): Reply {
  const form = new URLSearchParams(request.body.toString());
  if (!form.has('grant_type')) return refused('invalid_request');
  if (form.get('grant_type') !== 'client_credentials') return refused('unsupported_grant_type');
  const { id, secret } = credentialsOf(request.authorization, form);
  const client = clients.get(id);
  const expected = client?.['ClientSecret'];
  if (!client || typeof expected !== 'string' || !isSame(secret, expected)) return refused('invalid_client');
  const flows = (client['AllowedOAuthFlows'] ?? []) as string[];
  if (!flows.includes('client_credentials')) return refused('unauthorized_client');
  const allowed = (client['AllowedOAuthScopes'] ?? []) as string[];
  const asked = form.get('scope')?.split(' ').filter(Boolean) ?? allowed;
  if (!asked.every((scope) => allowed.includes(scope))) return refused('invalid_scope');
  const { token, expiresIn } = tokens.forMachine(client, asked.join(' '));
  return json(200, { access_token: token, expires_in: expiresIn, token_type: 'Bearer' });
}

function credentialsOf(authorization: string | undefined, form: URLSearchParams): { id: string; secret: string } {
  const [, basic] = /^Basic (.+)$/i.exec(authorization ?? '') ?? [];
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
  return { id, secret };
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

const refused = (error: Refused): Reply => json(400, { error });

function json(status: number, value: object): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

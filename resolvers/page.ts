import { type Context, util } from '@aws-appsync/utils';
import { refuse } from './refusals.ts';

/** Where a page ends: the sort key of its last row. */
export type Position = string | number;

interface Content {
  field: string;
  /** The arguments, limit aside, as JSON. */
  scope: string;
  after: Position;
}

/** Base64's digits and its padding. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=';
/** A prime, so that no single changed digit keeps the sum. */
const checkPrime = 1000003;

/** Tells a token that was damaged on the way: one with another position would silently skip or repeat items. */
function checkOf({ field, scope, after }: Content): number {
  return util
    .base64Encode(JSON.stringify({ field, scope, after }))
    .split('')
    .reduce((sum, digit) => (sum * digits.length + digits.indexOf(digit)) % checkPrime, 1);
}

/**
 * The position a page token carries, or null when there is none. A token is worth nothing elsewhere: it holds the
 * field and the arguments it was made for, and every query pins the chat or person in its key condition whatever the
 * token says, so a forged one only moves within what its bearer may read anyway.
 *
 * @param scope the arguments, limit aside, that the token is bound to
 */
export function positionOf(ctx: Context<{ nextToken?: string | null }>, scope: unknown[]): Position | null {
  const token = ctx.args.nextToken;
  if (token === null || token === undefined) return null;
  // base64Decode and JSON.parse are asked only for what they can take: a failure inside them would not be InvalidInput.
  if (token.length % 4 !== 0 || token.length > 4096 || !util.matches('^[A-Za-z0-9+/]+={0,2}$', token)) refuseToken();
  const content = JSON.parse(util.base64Decode(token)) as { [member in keyof Content | 'check']?: unknown } | string;
  if (typeof content !== 'object' || content === null) refuseToken();
  const { field, after, check } = content;
  if (field !== ctx.info.fieldName || content.scope !== JSON.stringify(scope)) refuseToken();
  if (typeof after !== 'string' && typeof after !== 'number') refuseToken();
  if (check !== checkOf({ field: ctx.info.fieldName, scope: JSON.stringify(scope), after })) refuseToken();
  return after;
}

/** The position when sort keys are text of 1 to 512 characters. */
export function textPositionOf(ctx: Context<{ nextToken?: string | null }>, scope: unknown[]): string | null {
  const after = positionOf(ctx, scope);
  if (after === null) return null;
  if (typeof after !== 'string' || after.length < 1 || after.length > 512) refuseToken();
  return after;
}

export function refuseToken(): never {
  refuse('InvalidInput', 'Invalid nextToken: it is not one this query gave out for these arguments');
}

/** The token of the page after `after`. */
export function tokenOf(ctx: Context, scope: unknown[], after: Position): string {
  const content = { field: ctx.info.fieldName, scope: JSON.stringify(scope), after };
  return util.base64Encode(JSON.stringify({ ...content, check: checkOf(content) }));
}

/**
 * Rows of a page: queries ask for one row more than fits, whose presence tells that this page is not the last.
 *
 * @returns the rows that fit, and the last of them when more follow
 */
export function cut<Row>(
  result: { items: Row[]; nextToken?: string | null },
  limit: number,
): { rows: Row[]; last: Row | null } {
  const rows = result.items.slice(0, limit);
  const more = result.items.length > limit || (result.nextToken !== null && result.nextToken !== undefined);
  return { rows, last: more && rows.length > 0 ? (rows[rows.length - 1] as Row) : null };
}

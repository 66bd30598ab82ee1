import { util } from '@aws-appsync/utils';
import { refuse } from './refusals.ts';

const longestId = 128;
const mostPerPage = 100;
const defaultPerPage = 50;

/**
 * What is wrong with an id of a chat or a person, or null. One character outside the alphabet anywhere decides, which
 * does not depend on whether `matches` looks for the pattern or compares the whole text.
 */
export function problemOfId(name: string, id: string): string | null {
  if (id.length >= 1 && id.length <= longestId && !util.matches('[\\s\\S]*[^A-Za-z0-9_.:@-][\\s\\S]*', id)) return null;
  return `Invalid ${name}: expected 1 to ${longestId} characters of A-Z a-z 0-9 - _ . : @`;
}

/** The id, or the resolver ends with InvalidInput. */
export function idOf(name: string, id: string): string {
  const problem = problemOfId(name, id);
  if (problem !== null) refuse('InvalidInput', problem);
  return id;
}

/** How many items a page may have. */
export function limitOf(limit: number | null | undefined): number {
  const perPage = limit ?? defaultPerPage;
  if (perPage < 1 || perPage > mostPerPage) {
    refuse('InvalidInput', `Invalid limit: expected 1 to ${mostPerPage}, got ${perPage}`);
  }
  return perPage;
}

/** A whole number a sequence can be, or the resolver ends with InvalidInput. */
export function sequenceOf(name: string, value: number): number {
  if (value < 0 || value > 9007199254740991 || Math.floor(value) !== value) {
    refuse('InvalidInput', `Invalid ${name}: expected a whole number from 0`);
  }
  return value;
}

/**
 * Whether an id has the shape of a user id: a Cognito `sub` (a UUID), or the id of a machine's app client (26 lower
 * case letters and digits). Such names belong to their users, who are admins of the chats named so.
 */
export function looksLikeUserId(id: string): boolean {
  return (
    util.matches('^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$', id) ||
    util.matches('^[0-9a-z]{26}$', id)
  );
}

import { refuse } from './refusals.ts';
import { problemOfId } from './rules/ids.ts';

const mostPerPage = 100;
const defaultPerPage = 50;

/** The id, or the resolver ends with InvalidInput. */
export function idOf(name: string, id: string): string {
  const problem = problemOfId(name, id);
  if (problem !== null) refuse('InvalidInput', problem);
  return id;
}

const longestPartGroup = 256;

/** The name of a group of parts, or the resolver ends with InvalidInput. Its sender chose it freely. */
export function partGroupOf(groupId: string): string {
  if (groupId.length < 1 || groupId.length > longestPartGroup) {
    refuse('InvalidInput', `Invalid groupId: expected 1 to ${longestPartGroup} characters, got ${groupId.length}`);
  }
  return groupId;
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

import type { Context } from '@aws-appsync/utils';
import { refuseToken, textPositionOf } from './page.ts';

/** A row in a list by time: two may have the same time, and then only the id tells them apart. */
export interface Mark {
  time: string;
  id: string;
}

/** Where a page by time ends: the time of its last row, and the ids already shown of that time. */
export interface Shown {
  time: string;
  ids: string[];
}

/** What the page token says was shown already; null: nothing yet. */
export function shownBefore(ctx: Context<{ nextToken?: string | null }>, scope: unknown[]): Shown | null {
  const after = textPositionOf(ctx, scope);
  if (after === null) return null;
  const parts = after.split(' ');
  if (parts.length < 2) refuseToken();
  return { time: parts[0] as string, ids: parts.slice(1) };
}

/** The position of a page's token: a time, a space, and the ids shown of that time. */
export function endOf(page: Mark[], last: Mark, shown: Shown | null): string {
  const here = page.filter((mark) => mark.time === last.time).map((mark) => mark.id);
  const before = shown !== null && shown.time === last.time ? shown.ids : [];
  return [last.time].concat(before, here).join(' ');
}

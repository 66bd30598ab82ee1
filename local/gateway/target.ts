/** Where a request goes: its path as it was sent, nothing decoded or shortened, and its query. */
export type Target = { path: string; search: URLSearchParams; rawQuery: string };

/**
 * Reads the target of a request line. `URL` would read `//host/path` as another host's, fold `/a/../b` and fail at some.
 *
 * @returns undefined for what is no path: `*`, an address with a host.
 */
export function readTarget(target: string | undefined): Target | undefined {
  if (!target?.startsWith('/')) return undefined;
  const end = target.indexOf('?');
  const rawQuery = end < 0 ? '' : target.slice(end + 1);
  return { path: end < 0 ? target : target.slice(0, end), search: new URLSearchParams(rawQuery), rawQuery };
}

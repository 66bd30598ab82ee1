const shown = 60;

/** Names a value that came from outside, for an error message: its JSON, cut short, or the kind of thing it is. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string')
    return value.length > shown ? `a string of ${value.length} characters` : JSON.stringify(value);
  return String(value);
}

/** A share of a text, and its bytes in UTF-8. */
export interface TextShare {
  text: string;
  bytes: number;
}

/**
 * Cuts a text into shares of at most `most` bytes each that take at most `room` bytes as JSON, never within a character,
 * and a character at least; of an empty text there is one share. Halves of surrogate pairs have to be paired.
 */
export function* splitText(text: string, most: number, room: number): Generator<TextShare> {
  let start = 0;
  let bytes = 0;
  let written = 0;
  for (let at = 0; at < text.length;) {
    const code = text.codePointAt(at) ?? 0;
    const long = utf8Length(code);
    const escape = escapeLength(code) || long;
    if (at > start && (bytes + long > most || written + escape > room)) {
      yield { text: text.slice(start, at), bytes };
      start = at;
      bytes = written = 0;
    }
    bytes += long;
    written += escape;
    at += code > 0xffff ? 2 : 1;
  }
  yield { text: text.slice(start), bytes };
}

function utf8Length(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** Bytes that JSON takes for a character it escapes; 0 for the others. */
function escapeLength(code: number): number {
  if (code === 0x22 || code === 0x5c) return 2;
  if (code >= 0x20) return 0;
  // \b \t \n \f \r are short; the others are written as \u001f is.
  return code >= 0x08 && code <= 0x0d && code !== 0x0b ? 2 : 6;
}

const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Java's syntax that JavaScript's patterns lack or read differently. */
const javaOnly = /\\[AzZGQEhHRX]|\\p\{|\(\?[a-zA-Z-]+[:)]|[*+?}]\+|&&/;

/** The text helpers of `util`. */
export const textUtil = {
  escapeJavaScript: (text: string): string =>
    text.replaceAll(/[\\'"/\b\f\n\r\t]/g, (character) => escapes[character] ?? `\\${character}`),
  urlEncode: (text: string): string => new URLSearchParams([['', text]]).toString().slice(1),
  urlDecode: (text: string): string => decodeURIComponent(text.replaceAll('+', ' ')),
  base64Encode: (text: string): string => Buffer.from(text).toString('base64'),
  base64Decode(text: string): string {
    if (!base64Text.test(text)) throw new Error('Unable to decode: the text is not base64.');
    return Buffer.from(text, 'base64').toString('utf8');
  },
  /**
   * Whether the pattern describes the text. AWS's documentation does not say whether all of it or a part: a pattern
   * whose answer depends on that is refused.
   */
  matches(pattern: string, text: string): boolean {
    if (javaOnly.test(pattern))
      throw new Error(`The embedded cloud does not implement all of Java's pattern ${pattern}.`);
    const whole = new RegExp(`^(?:${pattern})$`).test(text);
    if (whole !== new RegExp(pattern).test(text)) {
      throw new Error(
        `util.matches: the pattern ${pattern} finds a part of the text. Anchor it with ^ and $, or allow for the rest.`,
      );
    }
    return whole;
  },
};

const escapes: Record<string, string> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `util.str` and `util.math`. */
export const strUtil = {
  normalize: (text: string, form: 'nfc' | 'nfd' | 'nfkc' | 'nfkd'): string => text.normalize(form.toUpperCase()),
};
export const mathUtil = {
  roundNum: (value: number): number => Math.round(value),
  minVal: (a: number, b: number): number => Math.min(a, b),
  maxVal: (a: number, b: number): number => Math.max(a, b),
  randomDouble: (): number => Math.random(),
  randomWithinRange: (start: number, end: number): number => start + Math.floor(Math.random() * (end - start)),
};

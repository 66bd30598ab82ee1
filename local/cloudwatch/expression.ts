/** The value of a metric in one minute; undefined when it has none. */
export type ValueOf = (id: string) => number | undefined;

/** An expression ready to be asked, and the metrics it is about. */
export type Expression = { ids: string[]; evaluate(valueOf: ValueOf): number | undefined };

type Term = { sign: 1 | -1; id: string; limit?: number };

/**
 * Compiles metric math, as far as it is implemented: sums and differences of metrics and of comparisons with a number, as in `m0 + m1` and
 * `(m0 > 5) + (m1 > 5)`. What is missing counts as 0, and where all is missing the result is, too
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, "Basic arithmetic functions").
 * @throws Error naming what is not implemented
 */
export function compileExpression(text: string): Expression {
  const terms = termsOf(text);
  return {
    ids: terms.map(({ id }) => id),
    evaluate(valueOf) {
      const values = terms.map(({ sign, id, limit }) => {
        const value = valueOf(id);
        if (value === undefined || limit === undefined) return value && sign * value;
        return value > limit ? sign : 0;
      });
      const known = values.filter((value) => value !== undefined);
      return known.length === 0 ? undefined : known.reduce<number>((total, value) => total + value, 0);
    },
  };
}

function termsOf(text: string): Term[] {
  const refusal = new Error(
    `The expression ${text} is not implemented by the embedded cloud (implemented: a + b, a - b, (a > 1)).`,
  );
  const terms: Term[] = [];
  const pattern = /\s*([+-]?)\s*(?:([a-z]\w*)|\(\s*([a-z]\w*)\s*>\s*(\d+(?:\.\d+)?)\s*\))\s*/y;
  while (pattern.lastIndex < text.length) {
    const [, operator, plain, compared, limit] = pattern.exec(text) ?? [];
    const id = plain ?? compared;
    const misplaced = (operator === '') === terms.length > 0;
    if (id === undefined || misplaced) throw refusal;
    terms.push({ sign: operator === '-' ? -1 : 1, id, ...(limit !== undefined && { limit: Number(limit) }) });
  }
  if (terms.length === 0) throw refusal;
  return terms;
}

/** The value of a metric in one minute; undefined when it has none. */
export type ValueOf = (id: string) => number | undefined;

/** An expression ready to be asked, and the metrics it is about. */
export type Expression = { ids: string[]; evaluate(valueOf: ValueOf): number | undefined };

type Node = (valueOf: ValueOf) => number;

const operations = {
  '>': (a: number, b: number): number => (a > b ? 1 : 0),
  '+': (a: number, b: number): number => a + b,
  '-': (a: number, b: number): number => a - b,
  '*': (a: number, b: number): number => a * b,
} as const;
type Operator = keyof typeof operations;

/** Those that bind loosest first. */
const precedence: readonly (readonly Operator[])[] = [['>'], ['+', '-'], ['*']];

const tokens = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<id>[a-z]\w*)|(?<sign>[-+*>()]))\s*/y;

/**
 * Compiles metric math, as far as it is implemented: arithmetic and `>` over metrics and numbers, as in `m0 + m1 - 0.1 * (m0 + m2)` and
 * `(m0 > 5) + (m1 > 5)`. What is missing counts as 0, and where all is missing the result is, too
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, "Basic arithmetic functions").
 * @throws Error naming what is not implemented
 */
export function compileExpression(text: string): Expression {
  const parser = new Parser(text);
  const value = parser.whole();
  const ids = [...parser.ids];
  return {
    ids,
    evaluate(valueOf) {
      return ids.every((id) => valueOf(id) === undefined) ? undefined : value(valueOf);
    },
  };
}

type Token = { number?: string; id?: string; sign?: string };

class Parser {
  readonly ids = new Set<string>();
  readonly #text: string;
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#split();
  }

  whole(): Node {
    const value = this.#level(0);
    if (this.#at < this.#tokens.length || this.ids.size === 0) throw this.#refusal();
    return value;
  }

  /** A chain of operators that bind alike, from the left. */
  #level(depth: number): Node {
    const operators = precedence[depth];
    if (!operators) return this.#operand();
    let left = this.#level(depth + 1);
    for (;;) {
      const sign = operators.find((each) => each === this.#tokens[this.#at]?.sign);
      if (!sign) return left;
      this.#at++;
      const [first, second, combine] = [left, this.#level(depth + 1), operations[sign]];
      left = (valueOf) => combine(first(valueOf), second(valueOf));
    }
  }

  #operand(): Node {
    const { number, id, sign } = this.#tokens[this.#at++] ?? {};
    if (number !== undefined) return () => Number(number);
    if (id !== undefined) {
      this.ids.add(id);
      return (valueOf) => valueOf(id) ?? 0;
    }
    if (sign !== '(') throw this.#refusal();
    const inner = this.#level(0);
    if (this.#tokens[this.#at++]?.sign !== ')') throw this.#refusal();
    return inner;
  }

  #split(): Token[] {
    const found: Token[] = [];
    tokens.lastIndex = 0;
    while (tokens.lastIndex < this.#text.length) {
      const { groups } = tokens.exec(this.#text) ?? {};
      if (!groups) throw this.#refusal();
      found.push(groups);
    }
    return found;
  }

  #refusal(): Error {
    return new Error(
      `The expression ${this.#text} is not implemented by the embedded cloud (implemented: a + b, a - b, a * b, a > b).`,
    );
  }
}

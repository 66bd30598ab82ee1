/** Whether a message is one of those that a filter pattern is for. */
export type MessageTest = (message: string) => boolean;

/** A pattern CloudWatch Logs would refuse, or one that is not implemented here. */
export class InvalidPattern extends Error {}

/**
 * Compiles a filter pattern: terms (`ERROR "two words" -DEBUG`, `?one ?other`), or a selector of JSON messages
 * (`{ $.type = "ExecutionFailed" && $.details.error != "Conflict" }`).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws InvalidPattern; regular expressions (`%..%`) and space-delimited patterns (`[..]`) are not implemented
 */
export function compilePattern(pattern: string): MessageTest {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('[')) throw new InvalidPattern('Space-delimited filter patterns are not implemented here');
  if (!text.startsWith('{')) return compileTerms(text);
  if (!text.endsWith('}')) throw new InvalidPattern(`Invalid filter pattern: ${pattern}`);
  const matches = new Selector(text.slice(1, -1)).compile();
  return (message) => {
    const value = parse(message);
    return value !== undefined && matches(value);
  };
}

function compileTerms(text: string): MessageTest {
  const terms = [...text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign, quoted, bare = '']) => {
    if (bare.startsWith('%'))
      throw new InvalidPattern('Regular expressions are not implemented in filter patterns here');
    return { sign, term: quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1') };
  });
  const having = (wanted: string): string[] => terms.filter(({ sign }) => sign === wanted).map(({ term }) => term);
  const [all, some, none] = [having(''), having('?'), having('-')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || all.length > 0 || some.some((term) => message.includes(term)));
}

type JsonTest = (message: unknown) => boolean;

const tokens = /\s*(&&|\|\||!=|<=|>=|[=<>()]|"(?:[^"\\]|\\.)*"|[^\s()=!<>&|]+)/y;

/** `expression := term (|| term)*`, `term := factor (&& factor)*`, `factor := ( expression ) | comparison`. */
class Selector {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = [];
    tokens.lastIndex = 0;
    const whole = text.trimEnd();
    while (tokens.lastIndex < whole.length) {
      const [, token] = tokens.exec(whole) ?? [];
      if (token === undefined) throw new InvalidPattern(`Invalid filter pattern: {${text}}`);
      this.#tokens.push(token);
    }
  }

  compile(): JsonTest {
    const test = this.#any();
    if (this.#at < this.#tokens.length) throw new InvalidPattern(`Invalid filter pattern at ${this.#tokens[this.#at]}`);
    return test;
  }

  #any(): JsonTest {
    const tests = [this.#every()];
    while (this.#take('||')) tests.push(this.#every());
    return (message) => tests.some((test) => test(message));
  }

  #every(): JsonTest {
    const tests = [this.#one()];
    while (this.#take('&&')) tests.push(this.#one());
    return (message) => tests.every((test) => test(message));
  }

  #one(): JsonTest {
    if (this.#take('(')) {
      const inner = this.#any();
      this.#expect(')');
      return inner;
    }
    const select = selectorOf(this.#next());
    const operator = this.#next();
    if (operator === 'IS') return is(select, this.#next());
    if (operator === 'NOT') {
      this.#expect('EXISTS');
      return (message) => select(message) === undefined;
    }
    return comparison(select, operator, this.#next());
  }

  #take(token: string): boolean {
    const found = this.#tokens[this.#at] === token;
    if (found) this.#at++;
    return found;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new InvalidPattern('Invalid filter pattern: it ends too soon');
    return token;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new InvalidPattern(`Invalid filter pattern: expected ${token}`);
  }
}

/** `$.details.names[0]` */
function selectorOf(path: string): (message: unknown) => unknown {
  if (!/^\$(\.[\w-]+|\[\d+\])+$/.test(path)) throw new InvalidPattern(`Invalid property selector: ${path}`);
  const steps = [...path.matchAll(/\.([\w-]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? index ?? '');
  return (message) =>
    steps.reduce<unknown>(
      (value, step) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, step)
          ? (value as Record<string, unknown>)[step]
          : undefined,
      message,
    );
}

function is(select: (message: unknown) => unknown, what: string): JsonTest {
  const expected = { NULL: null, TRUE: true, FALSE: false }[what];
  if (expected === undefined) throw new InvalidPattern(`Invalid filter pattern: IS ${what}`);
  return (message) => select(message) === expected;
}

function comparison(select: (message: unknown) => unknown, operator: string, operand: string): JsonTest {
  const number = Number(operand);
  const quoted = operand.startsWith('"');
  if (!quoted && !Number.isNaN(number)) return numeric(select, operator, number);
  const text = quoted ? operand.slice(1, -1).replace(/\\(.)/g, '$1') : operand;
  const expression = new RegExp(`^${text.split('*').map(escaped).join('[\\s\\S]*')}$`);
  const equals: JsonTest = (message) => {
    const value = select(message);
    return (typeof value === 'string' || typeof value === 'number') && expression.test(String(value));
  };
  if (operator === '=') return equals;
  if (operator === '!=') return (message) => select(message) !== undefined && !equals(message);
  throw new InvalidPattern(`Invalid filter pattern: text is compared with = and !=, not with ${operator}`);
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

function numeric(select: (message: unknown) => unknown, operator: string, expected: number): JsonTest {
  const compare: Record<string, (value: number) => boolean> = {
    '=': (value) => value === expected,
    '!=': (value) => value !== expected,
    '<': (value) => value < expected,
    '<=': (value) => value <= expected,
    '>': (value) => value > expected,
    '>=': (value) => value >= expected,
  };
  const holds = compare[operator];
  if (!holds) throw new InvalidPattern(`Invalid filter pattern: there is no ${operator}`);
  return (message) => {
    const value = select(message);
    return typeof value === 'number' && holds(value);
  };
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return undefined;
  }
}

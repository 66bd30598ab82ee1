import { isObject, type Json } from '../json.ts';
import { type Bindings, Expression } from './expression.ts';

/** A field's value, in which any text of the form `{% .. %}` is an expression. */
export type Template = {
  /** Every expression in it. */
  readonly expressions: readonly Expression[];
  /** The value as it is written. */
  readonly source: Json;
  /** The value with all expressions evaluated. @throws EvaluationFailure */
  evaluate(bindings: Bindings): Promise<Json>;
};

/**
 * Compiles a field's value.
 * @param location where it stands within its state, such as `Output`
 * @throws Error naming the place of an expression that is not well formed
 */
export function compileTemplate(value: unknown, location: string): Template {
  if (typeof value === 'string') return compileText(value, location);
  if (Array.isArray(value)) {
    const elements = value.map((element, index) => compileTemplate(element, `${location}[${index}]`));
    return composed(elements, value, async (bindings) => {
      const evaluated: Json[] = [];
      for (const element of elements) evaluated.push(await element.evaluate(bindings));
      return evaluated;
    });
  }
  if (!isObject(value)) return constant(value as Json);
  const fields = Object.entries(value).map(
    ([name, field]) => [name, compileTemplate(field, `${location}/${name}`)] as const,
  );
  const templates = fields.map(([, template]) => template);
  return composed(templates, value, async (bindings) => {
    const evaluated: [string, Json][] = [];
    for (const [name, template] of fields) evaluated.push([name, await template.evaluate(bindings)]);
    return Object.fromEntries(evaluated);
  });
}

/**
 * An expression is a whole text: "`{%` with no leading spaces, `%}` with no trailing spaces", and a text with only one of the two is
 * refused (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
 */
function compileText(text: string, location: string): Template {
  const [opens, closes] = [text.startsWith('{%'), text.endsWith('%}')];
  if (!opens && !closes) return constant(text);
  if (!opens || !closes || text.length < 4) {
    throw new Error(`${location}: an expression starts with {% and ends with %}, and this is ${text}`);
  }
  try {
    const expression = new Expression(text.slice(2, -2).trim(), location);
    return { expressions: [expression], source: text, evaluate: (bindings) => expression.evaluate(bindings) };
  } catch (error) {
    throw new Error(`${location}: ${error instanceof Error ? error.message : JSON.stringify(error)} in ${text}`, {
      cause: error,
    });
  }
}

function constant(value: Json): Template {
  return { expressions: [], source: value, evaluate: () => Promise.resolve(value) };
}

/** A value without expressions in it stays as it is. */
function composed(parts: Template[], value: Json, evaluate: Template['evaluate']): Template {
  const expressions = parts.flatMap((part) => part.expressions);
  return expressions.length === 0 ? constant(value) : { expressions, source: value, evaluate };
}

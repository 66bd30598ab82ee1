import validate from 'asl-validator';
import { isObject, type Json, type JsonObject } from '../json.ts';

/** What asl-validator finds in a definition, by the schema of the Amazon States Language. */
export function schemaProblems(definition: JsonObject): string[] {
  const { errors } = validate(asItIsKnown(definition) as JsonObject, { checkArn: true, checkPaths: true });
  return errors.map(({ Message, 'Error code': code }) => `${code}: ${Message}`);
}

/** Fields that take any JSON value. */
const anyValue = ['Output', 'Arguments', 'ItemSelector'];

/**
 * asl-validator 4 takes no empty text, no line break in an expression, and no value but an object or an expression for Output and its like;
 * Step Functions takes them all (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html): it gets to see others.
 */
function asItIsKnown(value: Json): Json {
  if (value === '') return '(empty)';
  if (typeof value === 'string') return value.replace(/\s+/g, ' ');
  if (Array.isArray(value)) return value.map(asItIsKnown);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      const known = asItIsKnown(field);
      const plain = anyValue.includes(name) && !isObject(known) && !String(known).startsWith('{%');
      return [name, plain ? { value: known } : known];
    }),
  );
}

import { createHash, randomUUID } from 'node:crypto';
import type { Expression } from 'jsonata';

/**
 * The functions that Step Functions adds to JSONata, and those it replaces
 * (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, "JSONata functions provided by Step Functions").
 */
const provided: Record<string, { signature: string; call: Parameters<Expression['registerFunction']>[1] }> = {
  partition: { signature: '<an:a>', call: partition },
  range: { signature: '<nnn:x>', call: range },
  hash: { signature: '<ss?:s>', call: hash },
  random: { signature: '<n?:n>', call: random },
  uuid: { signature: '<:s>', call: () => randomUUID() },
  parse: { signature: '<s:x>', call: parse },
};

/** What JSONata 2.0.6 brings along, without `$eval`, which Step Functions has not got. */
const builtIn =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains ' +
  'replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power boolean not map ' +
  'zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct ' +
  'base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone now millis';

/** Every function an expression may call. */
export const functionNames: ReadonlySet<string> = new Set([...builtIn.split(' '), ...Object.keys(provided)]);

/** Gives an expression the functions of Step Functions. */
export function provideFunctions(expression: Expression): void {
  for (const [name, { signature, call }] of Object.entries(provided)) {
    expression.registerFunction(name, call, signature);
  }
}

/** As the intrinsic function it stands for: a range has at most so many elements (Amazon States Language, States.ArrayRange). */
const longestRange = 1_000;

/** As the intrinsic function it stands for: at most so much is hashed (Amazon States Language, States.Hash). */
const longestHashed = 10_000;

const algorithms: Record<string, string> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** JSONata raises what is thrown with a `code`, and a message of its own only for codes it knows. */
class FunctionError extends Error {
  readonly code = 'StatesFunction';
}

/** Of an empty array: nothing. */
function partition(array: unknown[], size: number): unknown[][] | undefined {
  if (!Number.isInteger(size) || size < 1) {
    throw new FunctionError(`$partition expects a positive whole number as chunk size, and got ${size}`);
  }
  if (array.length === 0) return undefined;
  return Array.from({ length: Math.ceil(array.length / size) }, (_, chunk) =>
    array.slice(chunk * size, (chunk + 1) * size),
  );
}

/** Of one number: that number; of none: nothing, as JSONata has it with sequences. */
function range(start: number, end: number, step: number): number[] | number | undefined {
  if (![start, end, step].every(Number.isInteger) || step === 0) {
    throw new FunctionError(
      `$range expects whole numbers and a step other than 0, and got ${start}, ${end} and ${step}`,
    );
  }
  const length = Math.max(0, Math.floor((end - start) / step) + 1);
  if (length > longestRange) {
    throw new FunctionError(`$range gives at most ${longestRange} numbers, and was asked for ${length}`);
  }
  const numbers = Array.from({ length }, (_, index) => start + index * step);
  return numbers.length > 1 ? numbers : numbers[0];
}

function hash(content: string, algorithm = 'SHA-256'): string {
  const known = algorithms[algorithm];
  if (!known) {
    throw new FunctionError(`$hash knows ${Object.keys(algorithms).join(', ')}, and not ${algorithm}`);
  }
  if (content.length > longestHashed) {
    throw new FunctionError(`$hash takes at most ${longestHashed} characters, and got ${content.length}`);
  }
  return createHash(known).update(content).digest('hex');
}

/** From 0 up to 1; the same seed gives the same number. */
function random(seed?: number): number {
  if (seed === undefined) return Math.random();
  const digest = createHash('sha256').update(String(seed)).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FunctionError(`$parse expects JSON, and got ${text.slice(0, 100)}`);
  }
}

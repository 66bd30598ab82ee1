/**
 * What APPSYNC_JS offers of JavaScript's own objects, after AWS's list
 * (https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html). Whatever is not on it, we refuse: code
 * that runs here only because Node knows more would fail when it is deployed.
 */
export const supportedStatics: Readonly<Record<string, readonly string[]>> = {
  Object: ['assign', 'entries', 'hasOwn', 'keys', 'values'],
  Number: ['isFinite', 'isNaN'],
  // Math.random is on AWS's list, too; util.math has what replaces it, and nothing here may depend on chance.
  Math: ['min', 'max', 'round', 'floor', 'ceil'],
  JSON: ['parse', 'stringify'],
  String: ['raw'],
  console: ['log', 'error'],
};

/** Globals that are usable as they are. */
export const supportedGlobals: readonly string[] = ['undefined', 'NaN', 'Infinity', 'util', 'extensions', 'runtime'];

/** The array methods that take a function, which nothing else may. */
export const methodsTakingFunctions: readonly string[] = [
  ...['forEach', 'map', 'flatMap', 'filter', 'reduce', 'reduceRight'],
  ...['find', 'some', 'every', 'findIndex', 'findLast', 'findLastIndex'],
];

const supportedMethods: readonly string[] = [
  ...[
    'charAt',
    'concat',
    'endsWith',
    'indexOf',
    'lastIndexOf',
    'replace',
    'replaceAll',
    'slice',
    'split',
    'startsWith',
  ],
  ...['toLowerCase', 'toUpperCase', 'trim', 'trimEnd', 'trimStart'],
  ...['fill', 'flat', 'join', 'pop', 'push', 'reverse', 'shift', 'sort', 'splice', 'unshift'],
  ...methodsTakingFunctions,
];

/** Names of methods that JavaScript's own values have and APPSYNC_JS does not. */
export const unsupportedMethods: ReadonlySet<string> = new Set(
  [String.prototype, Array.prototype, Number.prototype, Function.prototype, Object.prototype]
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
    // `toString` is also one of AppSync's own: util.dynamodb.toString.
    .filter(
      (name) => !supportedMethods.includes(name) && !['constructor', 'length', 'name', 'toString'].includes(name),
    ),
);

/** Modules that code may import. `@aws-appsync/utils/rds` and `/ai` exist on AWS; the embedded cloud has no such data sources. */
export const supportedModules: readonly string[] = ['@aws-appsync/utils', '@aws-appsync/utils/dynamodb'];

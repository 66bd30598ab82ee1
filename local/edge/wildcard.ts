/** Tests a text against a pattern of IAM's: `*` any run of characters, `?` any one. */
export type Matcher = (text: string) => boolean;

/** Matches a whole text, wildcards spanning anything. */
export function textMatcher(pattern: string): Matcher {
  if (pattern === '*') return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  return expressionMatcher(pattern, '');
}

/** The same without regard to case, as IAM compares actions. */
export function caselessMatcher(pattern: string): Matcher {
  return pattern === '*' ? () => true : expressionMatcher(pattern, 'i');
}

function expressionMatcher(pattern: string, flags: string): Matcher {
  const expression = new RegExp(`^${toExpression(pattern, '[\\s\\S]')}$`, flags);
  return (text) => expression.test(text);
}

/**
 * Matches an ARN part by part: a wildcard in one of the first five parts stays within it, in the last it spans anything
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 * @throws Error for a pattern that is neither `*` nor six parts.
 */
export function arnMatcher(pattern: string): Matcher {
  if (pattern === '*') return () => true;
  const parts = pattern.split(':');
  if (parts.length < 6 || parts[0] !== 'arn') {
    throw new Error(`expected "*" or an ARN of six parts, received ${JSON.stringify(pattern)}`);
  }
  if (!/[*?]/.test(pattern)) return (arn) => arn === pattern;
  const head = parts.slice(0, 5).map((part) => toExpression(part, '[^:]'));
  const expression = new RegExp(`^${[...head, toExpression(parts.slice(5).join(':'), '[\\s\\S]')].join(':')}$`);
  return (arn) => expression.test(arn);
}

function toExpression(pattern: string, anyCharacter: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', `${anyCharacter}*`)
    .replaceAll('?', anyCharacter);
}

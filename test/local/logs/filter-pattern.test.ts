import { compilePattern } from '../../../local/logs/filter-pattern.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
describe('filter patterns', () => {
  test.each([
    ['', 'anything', true],
    ['ERROR', 'an ERROR here', true],
    ['error', 'an ERROR here', false],
    ['ERROR here', 'here an ERROR', true],
    ['"ERROR here"', 'here an ERROR', false],
    ['"ERROR here"', 'an ERROR here', true],
    ['ERROR -here', 'an ERROR here', false],
    ['ERROR -there', 'an ERROR here', true],
    ['?WARN ?ERROR', 'an ERROR here', true],
    ['?WARN ?INFO', 'an ERROR here', false],
  ])('of terms: %s on %s: %s', (pattern, message, expected) => {
    expect(compilePattern(pattern)(message)).toBe(expected);
  });

  const event = { type: 'TaskFailed', id: '7', size: 12, ok: false, none: null, details: { names: ['a', 'b c'] } };

  test.each([
    ['{ $.type = "TaskFailed" }', true],
    ['{ $.type = TaskFailed }', true],
    ['{ $.type = "Task*" }', true],
    ['{ $.type = "*aske*" }', false],
    ['{ $.type != "TaskFailed" }', false],
    ['{ $.missing != "TaskFailed" }', false],
    ['{ $.id = "7" }', true],
    ['{ $.size = 12 }', true],
    ['{ $.size > 11 && $.size <= 12 }', true],
    ['{ $.size < 12 || $.type = "TaskFailed" }', true],
    ['{ ($.size < 12 || $.size > 20) && $.type = "TaskFailed" }', false],
    ['{ $.details.names[1] = "b c" }', true],
    ['{ $.none IS NULL }', true],
    ['{ $.ok IS FALSE }', true],
    ['{ $.ok IS TRUE }', false],
    ['{ $.missing NOT EXISTS }', true],
    ['{ $.type NOT EXISTS }', false],
  ])('of JSON: %s: %s', (pattern, expected) => {
    expect(compilePattern(pattern)(JSON.stringify(event))).toBe(expected);
  });

  test('of JSON match no other messages', () => {
    expect(compilePattern('{ $.a NOT EXISTS }')('plain text')).toBe(false);
  });

  test.each([
    '{ $.a = }',
    '{ a = 1 }',
    '{ $.a > "text" }',
    '{ $.a = 1',
    '{ ($.a = 1 }',
    '{ $.a IS 5 }',
    '[a, b]',
    '%a+%',
  ])('that are none, or not implemented, are refused: %s', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow();
  });
});

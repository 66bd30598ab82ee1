import { awsScalars } from '../../../local/appsync/scalars.ts';

function scalar(name: string) {
  const found = awsScalars.find((one) => one.name === name);
  if (!found) throw new Error(`There is no scalar ${name}`);
  return found;
}

test.each([
  [
    'AWSDate',
    ['1970-01-01', '1970-01-01Z', '1970-01-01-07:00', '1970-01-01+05:30', '2024-02-29'],
    ['1970-13-01', '2023-02-29', '1970-1-1', 'x'],
  ],
  ['AWSTime', ['12:00', '12:00:34', '12:00:34.456', '12:00Z', '12:00:34.456+05:30'], ['24:00', '12', '12:60', 'noon']],
  [
    'AWSDateTime',
    ['1970-01-01T12:00Z', '1970-01-01T12:00:00.123456789+05:30', '1970-01-01T12:00:00-07:00:30'],
    ['1970-01-01T12:00:00', '1970-01-01', '1970-02-30T12:00:00Z'],
  ],
  ['AWSEmail', ['a@example.com'], ['a', 'a@b@c', 'a b@c']],
  ['AWSURL', ['https://example.com/a?b=c', 'mailto:a@b.c'], ['example', '//x', 'http://']],
  ['AWSPhone', ['+1 555-0100', '555 0100'], ['phone', '+']],
  ['AWSIPAddress', ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'], ['256.0.0.1', '1.2.3', '10.0.0.0/33', 'x']],
])('%s takes what it is and nothing else', (name, good, bad) => {
  for (const value of good) {
    expect(scalar(name).parseValue(value)).toBe(value);
    expect(scalar(name).serialize(value)).toBe(value);
  }
  for (const value of [...bad, 5, null]) {
    expect(() => scalar(name).parseValue(value)).toThrow(name);
    expect(() => scalar(name).serialize(value)).toThrow(name);
  }
});

test('AWSTimestamp takes whole seconds, before 1970, too', () => {
  expect(scalar('AWSTimestamp').parseValue(-5)).toBe(-5);
  expect(() => scalar('AWSTimestamp').parseValue(1.5)).toThrow('AWSTimestamp');
  expect(() => scalar('AWSTimestamp').parseValue('5')).toThrow('AWSTimestamp');
});

test('AWSJSON comes in as what the text says, and goes out as text', () => {
  const json = scalar('AWSJSON');
  expect(json.parseValue('{"a":[1,true,null]}')).toEqual({ a: [1, true, null] });
  expect(json.parseValue('"Hello"')).toBe('Hello');
  expect(() => json.parseValue('Hello')).toThrow('JSON');
  expect(() => json.parseValue({ a: 1 })).toThrow('JSON');
  expect(json.serialize({ a: 1 })).toBe('{"a":1}');
  expect(json.serialize('{"a":1}')).toBe('{"a":1}');
});

import { CodeRuntime } from '../../../local/appsync/code/handlers.ts';
import type { ResolverError } from '../../../local/appsync/util/signals.ts';

const runtime = new CodeRuntime();
const imports =
  "import { util, runtime } from '@aws-appsync/utils';\nimport * as ddb from '@aws-appsync/utils/dynamodb';";

/** What an expression comes to inside the runtime. */
function evaluate(expression: string): unknown {
  return invoke(`return ${expression};`).value;
}

function invoke(body: string) {
  const invocation = { typeName: 'Query', fieldName: 'field', appended: [] as ResolverError[] };
  const code = `${imports}\nexport function request(ctx) { ${body} }\nexport function response(ctx) { return null; }`;
  return { ...runtime.load('code', code).request({}, invocation), appended: invocation.appended };
}

function errorOf(body: string): ResolverError {
  try {
    invoke(body);
  } catch (error) {
    return error as ResolverError;
  }
  throw new Error(`${body} did not fail`);
}

describe('util.dynamodb, as documented', () => {
  test.each([
    ['toDynamoDB("foo")', { S: 'foo' }],
    ['toDynamoDB(12345)', { N: 12345 }],
    ['toDynamoDB(true)', { BOOL: true }],
    ['toDynamoDB(null)', { NULL: null }],
    [
      'toDynamoDB({ foo: "bar", baz: 1234, beep: ["boop"] })',
      { M: { foo: { S: 'bar' }, baz: { N: 1234 }, beep: { L: [{ S: 'boop' }] } } },
    ],
    ['toString("foo")', { S: 'foo' }],
    ['toString(null)', null],
    ['toStringSet(["foo", "bar"])', { SS: ['foo', 'bar'] }],
    ['toNumber(12345)', { N: 12345 }],
    ['toNumberSet([1, 23, 4.56])', { NS: [1, 23, 4.56] }],
    ['toBinary("foo")', { B: 'foo' }],
    ['toBinarySet(["foo"])', { BS: ['foo'] }],
    ['toBoolean(true)', { BOOL: true }],
    ['toNull()', { NULL: null }],
    ['toList(["foo", 123, { bar: "baz" }])', { L: [{ S: 'foo' }, { N: 123 }, { M: { bar: { S: 'baz' } } }] }],
    ['toMap({ foo: "bar" })', { M: { foo: { S: 'bar' } } }],
    ['toMapValues({ foo: "bar", baz: 1 })', { foo: { S: 'bar' }, baz: { N: 1 } }],
    ['toS3Object("foo", "bar", "baz")', { S: '{"s3":{"key":"foo","bucket":"bar","region":"baz"}}' }],
    ['fromS3ObjectJson(\'{"s3":{"key":"foo"}}\')', { key: 'foo' }],
  ])('%s', (call, expected) => {
    expect(evaluate(`util.dynamodb.${call}`)).toEqual(expected);
  });
});

describe('util.transform', () => {
  test.each([
    [
      '{ title: { contains: "Hello World" } }',
      '(contains(#title,:title_contains))',
      { ':title_contains': { S: 'Hello World' } },
    ],
    [
      '{ id: { attributeExists: true }, version: { eq: 10 } }',
      '(attribute_exists(#id)) AND (#version = :version_eq)',
      { ':version_eq': { N: 10 } },
    ],
    [
      '{ or: [{ a: { lt: 1 } }, { a: { gt: 5 } }] }',
      '(((#a < :a_lt)) OR ((#a > :a_gt)))',
      { ':a_lt': { N: 1 }, ':a_gt': { N: 5 } },
    ],
    ['{ not: { a: { beginsWith: "x" } } }', '(NOT ((begins_with(#a,:a_beginsWith))))', { ':a_beginsWith': { S: 'x' } }],
    [
      '{ a: { between: [1, 2] } }',
      '(#a BETWEEN :a_between_0 AND :a_between_1)',
      { ':a_between_0': { N: 1 }, ':a_between_1': { N: 2 } },
    ],
  ])('%s', (filter, expression, expressionValues) => {
    const built = JSON.parse(String(evaluate(`util.transform.toDynamoDBFilterExpression(${filter})`))) as object;
    expect(built).toMatchObject({ expression, expressionValues });
  });
});

describe('@aws-appsync/utils/dynamodb', () => {
  test.each([
    ['ddb.get({ key: { id: "id" } })', { operation: 'GetItem', key: { id: { S: 'id' } } }],
    [
      'ddb.put({ key: { id: "abc" }, item: { value: 10 } })',
      { operation: 'PutItem', key: { id: { S: 'abc' } }, attributeValues: { value: { N: 10 } } },
    ],
    ['ddb.remove({ key: { id: "test" } })', { operation: 'DeleteItem', key: { id: { S: 'test' } } }],
    ['ddb.scan({ limit: 10, nextToken: "abc" })', { operation: 'Scan', limit: 10, nextToken: 'abc' }],
    [
      'ddb.batchGet({ tables: { t: { keys: [{ id: "1" }] } } })',
      { operation: 'BatchGetItem', tables: { t: { keys: [{ id: { S: '1' } }] } } },
    ],
    [
      'ddb.batchPut({ tables: { t: [{ id: "1" }] } })',
      { operation: 'BatchPutItem', tables: { t: [{ id: { S: '1' } }] } },
    ],
    [
      'ddb.batchDelete({ tables: { t: [{ id: "1" }] } })',
      { operation: 'BatchDeleteItem', tables: { t: [{ id: { S: '1' } }] } },
    ],
    [
      'ddb.transactGet({ items: [{ table: "t", key: { id: "1" } }] })',
      { operation: 'TransactGetItems', transactItems: [{ table: 't', key: { id: { S: '1' } } }] },
    ],
    [
      'ddb.transactWrite({ items: [{ conditionCheck: { table: "t", key: { id: "1" }, condition: { id: { attributeExists: true } } } }] })',
      {
        operation: 'TransactWriteItems',
        transactItems: [
          {
            table: 't',
            operation: 'ConditionCheck',
            key: { id: { S: '1' } },
            condition: { expression: '(attribute_exists(#id))', expressionNames: { '#id': 'id' } },
          },
        ],
      },
    ],
  ])('%s', (call, expected) => {
    expect(evaluate(call)).toEqual(expected);
  });

  test.each([
    ['{ age: ddb.operations.add(10) }', 'SET #expName_1 = :expValue_1'],
    ['{ age: ddb.operations.increment(10) }', 'SET #expName_1 = #expName_1 + :expValue_1'],
    ['{ age: ddb.operations.decrement(10) }', 'SET #expName_1 = #expName_1 - :expValue_1'],
    ['{ values: ddb.operations.append([1]) }', 'SET #expName_1 = list_append(#expName_1, :expValue_1)'],
    ['{ values: ddb.operations.prepend([1]) }', 'SET #expName_1 = list_append(:expValue_1, #expName_1)'],
    ['{ values: ddb.operations.updateListItem("x", 2) }', 'SET #expName_1[2] = :expValue_1'],
    ['{ values: ddb.operations.replace({ a: 10 }) }', 'SET #expName_1 = :expValue_1'],
    ['{ old: ddb.operations.remove(), name: "x" }', 'SET #expName_2 = :expValue_1 REMOVE #expName_1'],
    ['{ address: { street: "x" } }', 'SET #expName_1.#expName_2 = :expValue_1'],
  ])('update %s', (update, expression) => {
    expect(evaluate(`ddb.update({ key: { id: "test" }, update: ${update} })`)).toMatchObject({
      operation: 'UpdateItem',
      update: { expression },
    });
  });
});

describe('the text, number, id and time helpers', () => {
  test.each([
    ['util.base64Encode("hällo")', 'aMOkbGxv'],
    ['util.base64Decode("aMOkbGxv")', 'hällo'],
    ['util.urlEncode("a b&c")', 'a+b%26c'],
    ['util.urlDecode("a+b%26c")', 'a b&c'],
    ['util.escapeJavaScript("a\\"b\\nc")', 'a\\"b\\nc'],
    ['util.matches("a*b", "aaaaab")', true],
    ['util.matches("^a+$", "ab")', false],
    ['util.str.normalize("e\\u0301", "nfc")', 'é'],
    ['util.math.roundNum(10.7)', 11],
    ['util.math.minVal(1, 2)', 1],
    ['util.math.maxVal(1, 2)', 2],
    ['util.time.parseISO8601ToEpochMilliSeconds("2018-02-01T17:21:05.180+08:00")', 1517476865180],
    ['util.time.parseFormattedToEpochMilliSeconds("2018-02-01 01:19:15+0800", "yyyy-MM-dd HH:mm:ssZ")', 1517419155000],
    [
      'util.time.parseFormattedToEpochMilliSeconds("2018-02-02 01:19:15", "yyyy-MM-dd HH:mm:ss", "Australia/Perth")',
      1517505555000,
    ],
    ['util.time.epochMilliSecondsToSeconds(1517943695750)', 1517943695],
    ['util.time.epochMilliSecondsToISO8601(1517943695750)', '2018-02-06T19:01:35.750Z'],
    ['util.time.epochMilliSecondsToFormatted(1517943695769, "yyyy-MM-dd HH:mm:ssZ")', '2018-02-06 19:01:35+0000'],
    [
      'util.time.epochMilliSecondsToFormatted(1517943695769, "yyyy-MM-dd HH:mm:ssZ", "Australia/Perth")',
      '2018-02-07 03:01:35+0800',
    ],
    ['JSON.parse("not json")', ''],
    ['util.authType()', 'User Pool Authorization'],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected);
  });

  test.each([
    ['util.autoId()', /^[0-9a-f-]{36}$/],
    ['util.autoUlid()', /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/],
    ['util.autoKsuid()', /^[0-9A-Za-z]{27}$/],
    ['util.time.nowISO8601()', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
    ['util.time.nowFormatted("yyyy")', /^\d{4}$/],
  ])('%s looks right', (expression, pattern) => {
    expect(evaluate(expression)).toMatch(pattern);
  });

  test('a pattern that fits a part of the text is refused, since AWS does not say what it means', () => {
    expect(() => evaluate('util.matches("a", "ab")')).toThrow('Anchor it');
  });
});

describe('leaving a handler', () => {
  test('util.error stops it, with all it was given', () => {
    const error = errorOf('util.error("no", "Kind", { a: 1 }, { b: 2 }); return 1;');
    expect(error).toMatchObject({ message: 'no', errorType: 'Kind', data: { a: 1 }, errorInfo: { b: 2 } });
  });

  test('util.unauthorized stops it', () => {
    expect(errorOf('util.unauthorized();')).toMatchObject({
      message: 'Not Authorized to access field on type Query',
      errorType: 'Unauthorized',
    });
  });

  test('util.appendError lets it go on', () => {
    const { value, appended } = invoke('util.appendError("hm", "Kind"); return 1;');
    expect(value).toBe(1);
    expect(appended).toEqual([expect.objectContaining({ message: 'hm', errorType: 'Kind' })]);
  });

  test('runtime.earlyReturn unwinds it from anywhere', () => {
    expect(invoke('[1].forEach(() => runtime.earlyReturn({ a: 1 })); return 2;')).toMatchObject({
      value: { a: 1 },
      early: 'NEXT',
    });
    expect(invoke('runtime.earlyReturn(3, { skipTo: "END" });')).toMatchObject({ value: 3, early: 'END' });
  });
});

test.each(['util.xml.toMap("<a/>")', 'util.rds.toJsonObject("")', 'util.http.addResponseHeader("a", 1)'])(
  '%s is refused by name',
  (expression) => {
    expect(() => evaluate(expression)).toThrow(/The embedded cloud does not implement util\.\w+\.\w+/);
  },
);

test('code that AppSync would refuse is not loaded', () => {
  expect(() => runtime.load('Query.x', 'export function request() { throw 1; }')).toThrow(
    'Query.x:1: throw is not supported',
  );
  expect(() => runtime.load('Query.x', `// ${'x'.repeat(32_768)}`)).toThrow('AppSync takes 32768');
  expect(() => runtime.load('Query.x', 'export function request() { return 1; }')).toThrow(
    'exports no function response',
  );
});

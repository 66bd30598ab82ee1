import { parsePublishRequest } from '../../functions/domain/protocol/publish-request.ts';

const tooDeep = 'Invalid payload: expected at most 64 levels of nesting, got more.';
const notFinite = 'Invalid payload: expected finite numbers, got one beyond the range of a double.';

/** The request whose content is this JSON text. */
function containing(content: string): Record<string, unknown> {
  const payload = `{"chatId":"chat-1","eventType":"chat","content":${content}}`;
  return JSON.parse(`{"targetChannel":"WebSocket","payload":${payload}}`) as Record<string, unknown>;
}

function parse(content: string): () => unknown {
  return () => parsePublishRequest(containing(content)).payload.content;
}

/** So many arrays, or objects, within each other. */
const arrays = (levels: number, inmost = '') => '['.repeat(levels) + inmost + ']'.repeat(levels);
const objects = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

describe('the shape of a payload', () => {
  test('64 levels are taken, the payload being the first', () => {
    expect(parse(arrays(63))()).toEqual(JSON.parse(arrays(63)));
    expect(parse(objects(63))()).toEqual(JSON.parse(objects(63)));
  });

  test.each([
    ['a level more, of arrays', arrays(64)],
    ['a level more, of objects', objects(64)],
    ['a level more, beside much that is flat', `[[],{},${arrays(63)},[1]]`],
    ['more than any stack holds', arrays(1_000_000)],
    ['a level more, under a name that objects inherit', `{"__proto__":${arrays(63)}}`],
  ])('%s: refused', (_what, content) => {
    expect(parse(content)).toThrow(tooDeep);
  });

  test('much that is flat is no nesting', () => {
    expect(parse(`[${'[],'.repeat(200_000)}0]`)()).toHaveLength(200_001);
  });

  test.each(['1e400', '-1e400', '[1,{"deep":[1e309]}]', arrays(63, '1e400')])(
    'numbers beyond the range of a double are refused: %s',
    (content) => {
      expect(parse(content)).toThrow(notFinite);
    },
  );

  test.each(['1.7976931348623157e308', '5e-324', '1e-400', '9007199254740993'])(
    'numbers within are taken: %s',
    (number) => {
      expect(parse(number)()).toBe(Number(number));
    },
  );
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protocolDocuments } from '../../build/protocol-documents.ts';
import { knownActions } from '../../functions/domain/protocol/actions.ts';
import { breachOf } from '../setup/contract.ts';

const root = join(import.meta.dirname, '../..');
const documents = protocolDocuments();

describe('the documents of the protocol', () => {
  test.each([...documents])('%s is up to date: node build/protocol-documents.ts writes it', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });

  test('there are no schemas of what is no more', () => {
    const files = readdirSync(join(root, 'docs/schemas')).map((file) => `docs/schemas/${file}`);
    expect(files.filter((file) => !documents.has(file))).toEqual([]);
  });

  test('AsyncAPI: every action is an operation with its answer, and every reference leads somewhere', () => {
    const text = documents.get('docs/asyncapi.json') ?? '';
    const document = JSON.parse(text) as { asyncapi: string; operations: Record<string, unknown> };
    expect(document.asyncapi).toBe('3.0.0');
    expect(Object.keys(document.operations)).toEqual([...knownActions, 'deliver']);
    const references = [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(0);
    for (const path of references) {
      const found = path.split('/').reduce<unknown>((part, key) => Object(part)[key], document);
      expect({ path, found: typeof found }).toEqual({ path, found: 'object' });
    }
  });
});

describe('a frame of the service', () => {
  const message = {
    chatId: 'chat-1',
    eventType: 'chat',
    content: null,
    messageId: '01JZZZZZZZZZZZZZZZZZZZZZZZ',
    senderId: 'ada',
    publishTimestamp: '2026-01-01T00:00:00.000Z',
    anything: ['else'],
  };

  test.each([
    ['a message', message],
    ['an error', { type: 'error', error: 'Too many requests', statusCode: 429, retryAfterMs: 10 }],
    [
      'a replay',
      { type: 'replay', chatId: 'c', messages: [message], headSequence: 1, firstSequence: 1, complete: true },
    ],
    ['a fault of API Gateway', { message: 'Internal server error', connectionId: 'c', requestId: 'r' }],
  ])('%s is one', (_what, frame) => {
    expect(breachOf(frame)).toBeUndefined();
  });

  test.each([
    ['an unknown type', { type: 'surprise' }, /type: /],
    ['a message without an id', { ...message, messageId: undefined }, /messageId: /],
    ['a message with a type', { ...message, type: 'message' }, /type: /],
    ['a replay of half a message', { type: 'replay', messages: [{ chatId: 'c' }] }, /messages\.0\.messageId: /],
  ])('%s is none', (_what, frame, where) => {
    expect(breachOf(frame)?.message).toMatch(where);
  });
});

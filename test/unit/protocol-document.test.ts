import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { PublishRequest } from '../../functions/domain/protocol/publish-request.ts';
import { HttpPublishReply, SocketError, SocketPublishReply } from '../../functions/domain/protocol/replies.ts';
import { MessageFrame } from '../../functions/domain/protocol/server-frames.ts';
import { refusals } from '../integration/contract/refusals.ts';

const document = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');

type Json = Record<string, unknown>;

/** The objects in the document's blocks of JSON: one a block, or one a line. Those cut short with `..` are no examples. */
const examples = [...document.matchAll(/```json\n(.*?)```/gs)]
  .flatMap(([, block = '']) => (isJson(block) ? [block] : block.trim().split('\n')))
  .filter((text) => !text.includes('".."'))
  .map((text) => JSON.parse(text) as Json);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The schema of an example, by what tells the kinds apart; undefined for the actions and frames described elsewhere. */
function schemaOf(example: Json): v.GenericSchema | undefined {
  const { action, type, message } = example;
  if (action === 'sendMessage') return PublishRequest;
  if (type === 'reply' || type === 'ack') return SocketPublishReply;
  if (type === 'error') return SocketError;
  if (type === undefined && action === undefined) return message === undefined ? MessageFrame : HttpPublishReply;
  return undefined;
}

describe('docs/protocol.md', () => {
  test('shows frames as the schemas describe them', () => {
    const known = examples.filter((example) => schemaOf(example) !== undefined);
    expect(known.length).toBeGreaterThanOrEqual(11);
    for (const example of known) {
      const parsed = v.safeParse(schemaOf(example) ?? v.never(), example);
      expect({ example, issues: parsed.issues?.map(({ message }) => message) }).toEqual({ example, issues: undefined });
    }
  });

  test('has every error that a request can be refused with', () => {
    const rows = Object.values(refusals).flat();
    const words = rows.map(({ error }) => (typeof error === 'string' ? error : 'Unknown action: '));
    // What was expected and what came differs from case to case; the document says so with two dots.
    const general = words.map((error) => error.replace(/^((?:Invalid|Reserved) [a-zA-Z. ]+: ).*$/, '$1'));
    expect([...new Set(general)].filter((error) => !document.includes(error))).toEqual([]);
  });
});

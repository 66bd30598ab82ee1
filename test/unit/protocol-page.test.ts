import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { AuthenticateRequest } from '../../functions/domain/protocol/authenticate-request.ts';
import { PingRequest } from '../../functions/domain/protocol/ping-request.ts';
import { PublishRequest } from '../../functions/domain/protocol/publish-request.ts';
import { HttpPublishReply } from '../../functions/domain/protocol/replies.ts';
import { ReplayRequest } from '../../functions/domain/protocol/replay-request.ts';
import { ReportRequest } from '../../functions/domain/protocol/report-request.ts';
import { SubscriptionRequest } from '../../functions/domain/protocol/subscription-request.ts';
import { refusals } from '../integration/contract/refusals.ts';
import { definitionOf } from '../setup/contract.ts';

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

const requests: Record<string, v.GenericSchema> = {
  sendMessage: PublishRequest,
  subscribe: SubscriptionRequest,
  unsubscribe: SubscriptionRequest,
  replay: ReplayRequest,
  ping: PingRequest,
  authenticate: AuthenticateRequest,
  report: ReportRequest,
};

/** The schema of an example, by what tells the kinds apart. */
function schemaOf(example: Json): v.GenericSchema {
  const { action, type, message } = example;
  if (typeof action === 'string') return requests[action] ?? v.never();
  return type === undefined && message !== undefined ? HttpPublishReply : definitionOf(example);
}

describe('docs/protocol.md', () => {
  test('shows frames as the schemas describe them', () => {
    expect(examples.length).toBeGreaterThanOrEqual(25);
    for (const example of examples) {
      const parsed = v.safeParse(schemaOf(example), example);
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

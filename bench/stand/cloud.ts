import { randomUUID } from 'node:crypto';
import { startEdge } from '../../local/edge/edge.ts';
import type { AwsCall } from '../../local/edge/call.ts';
import type { Reply } from '../../local/edge/replies.ts';
import { principalsOf } from '../../local/cloud/principals.ts';
import { startTables } from '../../local/cloud/start-tables.ts';
import { resourcePoliciesOf } from '../../local/template/policies.ts';
import { serve } from '../harness/child.ts';
import { Deliveries, numbersIn } from '../harness/deliveries.ts';
import { Metered } from './metered.ts';
import { readStack } from './assembly.ts';
import { StandTables } from './tables.ts';

/**
 * The stack's edge with its real tables and policies, and stand-ins for what benches drive themselves: topics take
 * everything and remember it, queues and workflows take everything, connections take every post.
 */
const { ASSEMBLY = '', DATA = '' } = process.env;
const { stack } = readStack(ASSEMBLY);
const tables = await startTables(stack, DATA, report);
const metered = new Metered(tables.backend);
const deliveries = new Deliveries();
let published: string[] = [];

const edge = await startEdge({
  ...stack.where,
  principals: principalsOf(stack),
  resourcePolicies: resourcePoliciesOf(stack),
  backends: { dynamodb: (call) => metered.answer(call), 'execute-api': post, sns: publish, sqs: send, states: start },
  onError: report,
});
const rows = new StandTables(tables.engine.url, stack);

function report(error: unknown): void {
  console.error(error);
}

function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(value) };
}

async function post({ path, body }: AwsCall): Promise<Reply> {
  deliveries.record(path, numbersIn(body.toString()));
  return { status: 200, headers: {}, body: '' };
}

async function publish({ input }: AwsCall): Promise<Reply> {
  published.push(String(input['Message']));
  const body = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult></PublishResponse>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

async function send({ input }: AwsCall): Promise<Reply> {
  const entries = (input['Entries'] ?? []) as { Id: string }[];
  return json({ MessageId: randomUUID(), Successful: entries.map(({ Id }) => ({ Id, MessageId: randomUUID() })) });
}

async function start({ input }: AwsCall): Promise<Reply> {
  return json({ executionArn: `${String(input['stateMachineArn'])}:1`, startDate: Date.now() / 1000 });
}

const api = {
  port: () => edge.port,

  /** From now on, calls of each of these services take so many milliseconds longer. */
  delay: (services: Record<string, number>) => {
    edge.faults.clear();
    for (const [service, delayMs] of Object.entries(services)) edge.faults.add({ service, fault: { delayMs } });
  },

  /** Lets connections listen to a chat. */
  subscribe: (chat: { chatId: string; connections: number; frames: 'single' | 'batch' }) => rows.subscribe(chat),

  /** Lets a user send to a chat. */
  permit: (permission: { chatId: string; userId: string }) => rows.permit(permission),

  /** The numbers in a chat's history. */
  numbers: ({ chatId }: { chatId: string }) => rows.numbers(chatId),

  /** The calls since this was last asked, and what of the tables' capacity they took. */
  count: () => {
    const counted = { calls: edge.calls.list(), ...metered.take() };
    edge.calls.reset();
    return counted;
  },

  /** What connections got since this was last asked. */
  deliveries: ({ connections, messages }: { connections: number; messages: number }) => {
    const verdict = deliveries.verdict(connections, messages);
    deliveries.clear();
    return verdict;
  },

  /** The envelopes published since this was last asked. */
  published: () => {
    const taken = published;
    published = [];
    return taken;
  },
};

export type StandApi = typeof api;

serve(api, async () => {
  rows.close();
  await edge.stop();
  await tables.stop();
});

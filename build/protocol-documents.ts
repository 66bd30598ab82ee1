import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import { AuthenticateRequest } from '../functions/domain/protocol/authenticate-request.ts';
import { limits } from '../functions/domain/protocol/limits.ts';
import { PingRequest } from '../functions/domain/protocol/ping-request.ts';
import { PublishRequest } from '../functions/domain/protocol/publish-request.ts';
import { HttpPublishReply, SocketError, SocketPublishReply } from '../functions/domain/protocol/replies.ts';
import { ReplayRequest } from '../functions/domain/protocol/replay-request.ts';
import { ReportRequest } from '../functions/domain/protocol/report-request.ts';
import * as frames from '../functions/domain/protocol/server-frames.ts';
import { subprotocol } from '../functions/domain/protocol/subprotocol.ts';
import { SubscriptionRequest } from '../functions/domain/protocol/subscription-request.ts';

type JsonSchema = ReturnType<typeof toJsonSchema>;

/** What a client asks for over the socket, and what it hears when that succeeds; without a reply it hears nothing, errors included. */
const actions: Record<string, { request: GenericSchema; reply?: string; summary: string }> = {
  sendMessage: { request: PublishRequest, reply: 'SocketPublishReply', summary: 'Send a message to a chat' },
  subscribe: { request: SubscriptionRequest, reply: 'SubscribedFrame', summary: 'Listen to chats' },
  unsubscribe: { request: SubscriptionRequest, reply: 'UnsubscribedFrame', summary: 'No longer listen to chats' },
  replay: { request: ReplayRequest, reply: 'ReplayFrame', summary: 'Get what was missed, a page at a time' },
  ping: { request: PingRequest, reply: 'PongFrame', summary: 'Keep the socket open; ask where its chats are' },
  authenticate: { request: AuthenticateRequest, reply: 'AuthenticatedFrame', summary: 'Go on with a new token' },
  report: { request: ReportRequest, summary: 'Say when a message came; nothing answers' },
};

/** What the service says. The unasked ones come at any time, the others answer a request. */
const answers = {
  SocketPublishReply,
  SubscribedFrame: frames.SubscribedFrame,
  UnsubscribedFrame: frames.UnsubscribedFrame,
  ReplayFrame: frames.ReplayFrame,
  PongFrame: frames.PongFrame,
  AuthenticatedFrame: frames.AuthenticatedFrame,
  SocketError,
};
const unasked = {
  MessageFrame: frames.MessageFrame,
  BatchFrame: frames.BatchFrame,
  MultiPartCompletedFrame: frames.MultiPartCompletedFrame,
  MultiPartIncompleteFrame: frames.MultiPartIncompleteFrame,
  MultiPartRefusedFrame: frames.MultiPartRefusedFrame,
  SubscriptionRevokedFrame: frames.SubscriptionRevokedFrame,
  TokenExpiringFrame: frames.TokenExpiringFrame,
  GatewayFault: frames.GatewayFault,
};

/** `{"action": "replay", ...}`: the fields of a request, its action and, where there is an answer, its ackId. */
function requestSchema(action: string, request: GenericSchema, answered: boolean): JsonSchema {
  const { properties, required = [], ...rest } = jsonSchema(request);
  // A message without an action is a sendMessage, as the earlier protocol has it.
  const needed = action === 'sendMessage' ? required : ['action', ...required];
  const ackId = answered && { ackId: { description: 'Comes back with the answer.' } };
  return { ...rest, properties: { action: { const: action }, ...properties, ...ackId }, required: needed };
}

/** Rules between fields have no counterpart in a JSON Schema; docs/protocol.md says them in words. */
function jsonSchema(schema: GenericSchema): JsonSchema {
  return toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' });
}

function nameOfRequest(action: string): string {
  return `${action[0]?.toUpperCase() ?? ''}${action.slice(1)}Request`;
}

function schemas(): Record<string, JsonSchema> {
  const requests = Object.entries(actions).map(([action, { request, reply }]) => [
    nameOfRequest(action),
    requestSchema(action, request, reply !== undefined),
  ]);
  const replies = Object.entries({ ...answers, ...unasked, HttpPublishReply }).map(([name, schema]) => [
    name,
    jsonSchema(schema),
  ]);
  return Object.fromEntries([...requests, ...replies]) as Record<string, JsonSchema>;
}

function asyncApi(all: Record<string, JsonSchema>): object {
  const names = Object.keys(all).filter((name) => name !== 'HttpPublishReply');
  const inChannel = (name: string): object => ({ $ref: `#/channels/socket/messages/${name}` });
  const operations = Object.entries(actions).map(([action, { summary, reply }]) => [
    action,
    {
      action: 'receive',
      channel: { $ref: '#/channels/socket' },
      summary,
      messages: [inChannel(nameOfRequest(action))],
      ...(reply && {
        reply: { channel: { $ref: '#/channels/socket' }, messages: [inChannel(reply), inChannel('SocketError')] },
      }),
    },
  ]);
  const deliver = {
    action: 'send',
    channel: { $ref: '#/channels/socket' },
    summary: 'What comes without being asked for',
    messages: Object.keys(unasked).map(inChannel),
  };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'WebSocket Notification Service',
      version: '1.0.0',
      description: 'The frames on the socket. docs/protocol.md says what they mean and which rules hold between them.',
    },
    defaultContentType: 'application/json',
    servers: {
      socket: {
        host: '{host}',
        pathname: '/dvl',
        protocol: 'wss',
        variables: { host: { description: 'Of the WebSocketUrl among the outputs of the stack.' } },
      },
    },
    channels: {
      socket: {
        address: '/',
        description: `Subprotocol ${subprotocol.name}; a second entry carries the token.`,
        messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { query: withoutDialect(connectQuery) } },
      },
    },
    operations: { ...Object.fromEntries(operations), deliver },
    components: {
      messages: Object.fromEntries(
        names.map((name) => [name, { name, payload: { $ref: `#/components/schemas/${name}` } }]),
      ),
      schemas: Object.fromEntries(names.map((name) => [name, withoutDialect(all[name])])),
    },
  };
}

const connectQuery = jsonSchema(
  v.object({
    token: v.optional(v.pipe(v.string(), v.description('Where a subprotocol entry is not possible: URLs reach logs.'))),
    chatIds: v.optional(
      v.pipe(v.string(), v.description(`Comma separated; at most ${limits.chatsAtConnect} chats with those below.`)),
    ),
    userId: v.optional(v.pipe(v.string(), v.description("The token's own user, or the connection is refused."))),
    hubId: v.optional(v.string()),
    orgId: v.optional(v.string()),
    projectId: v.optional(v.string()),
    frames: v.optional(v.picklist(['single', 'batch'])),
  }),
);

/** AsyncAPI schemas are a superset of JSON Schema draft 07, and say so themselves. */
function withoutDialect(schema: JsonSchema | undefined): object {
  return Object.fromEntries(Object.entries(schema ?? {}).filter(([key]) => key !== '$schema'));
}

/** The documents by their path from the project's folder, as text. */
export function protocolDocuments(): Map<string, string> {
  const all = schemas();
  const documents = Object.entries(all).map(([name, schema]): [string, object] => [
    `docs/schemas/${name}.json`,
    { ...schema, title: name },
  ]);
  documents.push(['docs/asyncapi.json', asyncApi(all)]);
  return new Map(documents.map(([path, document]) => [path, `${JSON.stringify(document, null, 2)}\n`]));
}

/** Writes the documents under the project's folder, and removes schemas of what is no more. */
function writeProtocolDocuments(root: string): void {
  const documents = protocolDocuments();
  const folder = join(root, 'docs/schemas');
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (!documents.has(`docs/schemas/${file}`)) rmSync(join(folder, file));
  }
  for (const [path, text] of documents) {
    const file = join(root, path);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}

if (import.meta.main) writeProtocolDocuments(join(import.meta.dirname, '..'));

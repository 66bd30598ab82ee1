import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemblyWith } from '../setup/altered-assembly.ts';
import { type Cloud, startCloud } from '../setup/cloud.ts';
import { EdgeControl } from '../setup/edge-control.ts';
import { Outside } from '../setup/outside.ts';
import { personNamed } from '../setup/sign-in.ts';
import type { Frame, TestSocket } from '../setup/socket.ts';
import { Tables } from '../setup/tables.ts';
import { Api } from '../integration/graphql/api.ts';
import { Forger } from '../integration/contract/forged-tokens.ts';
import { Sender } from '../integration/contract/ways-in.ts';
import { handshakeLines, RawSocket } from './raw-socket.ts';
import { type RawAnswer, requestLines, sendRaw } from './raw-http.ts';

/** Messages in a window of ten seconds, small enough to be used up by a test. */
export const userBurst = 30;
export const chatBurst = 4 * userBurst;
/** Subscriptions in such a window. */
export const subscriptionBurst = 100;
/** Messages of a user to all large chats, and of everybody to one, in such a window. */
export const largeChatUserBurst = 5;
export const largeChatBurst = 4 * largeChatUserBurst;
/** Changes of permissions of a user in such a window. */
export const permissionBurst = 60;
/** Requests of one action that come at once, and a second. */
export const actionLimits = { ThrottlingBurstLimit: 30, ThrottlingRateLimit: 2 };
/** The actions that are held to it. */
export const limitedActions = ['ping', 'replay', 'unsubscribe', 'authenticate', 'report'];

/** A chat of bob's alone, in which he writes what nobody else may ever see. */
export const vault = 'vault';
/** Names that JavaScript's objects have by themselves, and that chats may have. */
export const prototypeNames = ['constructor', 'toString', 'hasOwnProperty', 'prototype'];

const everyone = ['ada', 'bob', 'carol', 'mallory', 'olga', 'vera'];

/**
 * The embedded cloud with a list of origins and small allowances, people with sockets, and ears: whatever was answered to
 * anybody is kept. Bob and carol are members of chat-123, vera is its viewer, mallory is a stranger who attacks.
 */
export class Scene {
  readonly cloud: Cloud;
  readonly api: Api;
  readonly outside: Outside;
  readonly tables: Tables;
  readonly edge: EdgeControl;
  /** What bob wrote in the vault. */
  readonly secret = `planted-${randomUUID()}`;
  /** Part of every message the attacks are made of. */
  readonly planted = `planted-${randomUUID()}`;
  /** All that mallory was answered, and what went without a name. */
  readonly heard: string[] = [];
  readonly #people: Map<string, Sender>;
  readonly #forger: Forger;
  readonly #assembly: string;
  readonly #tokens: string[];

  private constructor(
    cloud: Cloud,
    assembly: string,
    api: Api,
    tables: Tables,
    people: Map<string, Sender>,
    tokens: string[],
  ) {
    this.cloud = cloud;
    this.#assembly = assembly;
    this.api = api;
    this.outside = new Outside(cloud.outputs);
    this.tables = tables;
    this.edge = new EdgeControl(cloud.outputs);
    this.#people = people;
    this.#tokens = tokens;
    this.#forger = Forger.of(cloud, 'mallory', tokens[everyone.indexOf('mallory')] ?? '');
  }

  static async set(): Promise<Scene> {
    const assembly = assemblyWith({
      ALLOWED_ORIGINS: 'https://app.example',
      USER_BURST: String(userBurst),
      CHAT_BURST: String(chatBurst),
      SUBSCRIPTION_BURST: String(subscriptionBurst),
      LARGE_CHAT_USER_BURST: String(largeChatUserBurst),
      LARGE_CHAT_BURST: String(largeChatBurst),
      PERMISSION_BURST: String(permissionBurst),
    });
    retune(assembly);
    const cloud = await startCloud({ arguments: ['--assembly', assembly, '--duplicates', '0'] });
    const api = new Api(cloud.outputs);
    const tokens = await Promise.all(everyone.map((username) => api.token(username)));
    const people = new Map<string, Sender>();
    for (const username of everyone) {
      const chats = ['bob', 'carol', 'vera'].includes(username) ? ['chat-123'] : [];
      people.set(username, await Sender.signedIn(cloud.outputs, username, ...chats));
    }
    const scene = new Scene(cloud, assembly, api, await Tables.of(cloud.outputs), people, tokens);
    await scene.outside.grant(vault, ['bob']);
    for (const chatId of prototypeNames) await scene.outside.grant(chatId, ['bob']);
    await scene.as('bob', { messageType: 'fifo', generateSequence: true }, { chatId: vault, content: scene.secret });
    return scene;
  }

  socketOf(username: string): TestSocket {
    return this.#person(username).socket;
  }

  userId(username: string): string {
    return personNamed(this.cloud.outputs, username).userId;
  }

  token(username: string): Promise<string> {
    return this.api.token(username);
  }

  /** A token of mallory's with other claims, signed by the pool's key or not. */
  get forger(): Forger {
    return this.#forger;
  }

  /** What a person is answered on their socket. */
  async ask(username: string, frame: Frame | string): Promise<Frame> {
    const sender = this.#person(username);
    if (typeof frame === 'string') return (await sender.ask('socket', frame)).body;
    return sender.socket.request(frame);
  }

  /** What a person is answered to a message over the socket that holds the planted words. */
  async as(username: string, fields: Frame, payload: Frame = {}): Promise<Frame> {
    return this.ask(username, this.message(fields, payload));
  }

  message(fields: Frame = {}, payload: Frame = {}): Frame {
    const said = { chatId: 'chat-123', eventType: 'chat', content: this.planted, ...payload };
    return { targetChannel: 'WebSocket', ...fields, payload: said };
  }

  /** The answer to an HTTP request of a person, `POST /publish` unless it says otherwise. */
  async http(
    username: string | undefined,
    body: BodyInit,
    { method = 'POST', path = '/publish', headers = {} as Record<string, string> } = {},
  ): Promise<{ status: number; body: unknown }> {
    const authorization: Record<string, string> =
      username === undefined ? {} : { authorization: `Bearer ${await this.token(username)}` };
    const withBody = method === 'GET' || method === 'HEAD' ? {} : { body };
    const response = await fetch(`${this.cloud.outputs.httpUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...authorization, ...headers },
      ...withBody,
    });
    const text = await response.text();
    this.#keep(text);
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  /** The answer to a request line and headers as they are; `host` comes by itself unless they name one. `endless` follows for ever. */
  async raw(line: string, headers: string[], body = '', endless?: string): Promise<RawAnswer> {
    const { httpUrl } = this.cloud.outputs;
    const named = headers.some((header) => /^host:/i.test(header));
    const lines = named ? headers : [`host: ${new URL(httpUrl).host}`, ...headers];
    const answer = await sendRaw(httpUrl, requestLines(line, lines, body), endless);
    this.#keep(JSON.stringify(answer));
    return answer;
  }

  /** The answer to a request for a WebSocket whose path and further headers are as they are. */
  async handshake(path: string, headers: string[] = [], change = (lines: string[]) => lines): Promise<RawAnswer> {
    const { webSocketUrl } = this.cloud.outputs;
    const lines = change(handshakeLines(webSocketUrl, path, headers));
    const answer = await sendRaw(webSocketUrl, `${lines.join('\r\n')}\r\n\r\n`);
    this.#keep(JSON.stringify(answer));
    return answer;
  }

  /** A handshake with mallory's good token, and this query. */
  async connect(query = '', headers: string[] = [], username = 'mallory'): Promise<RawAnswer> {
    const offered = `sec-websocket-protocol: notification.v1, ${await this.token(username)}`;
    return this.handshake(`/dvl${query}`, [offered, ...headers]);
  }

  async open(username: string): Promise<RawSocket> {
    return RawSocket.open(this.cloud.outputs.webSocketUrl, await this.token(username));
  }

  async graphql(username: string, query: string, variables: Frame = {}): Promise<object> {
    const answer = await this.api.ask(username, query, variables);
    this.#keep(JSON.stringify(answer));
    return answer;
  }

  /** GraphQL's answer to a body as it is, with a token or none. */
  async post(token: string | undefined, body: string): Promise<object> {
    const answer = await this.api.post(token, body);
    this.#keep(JSON.stringify(answer));
    return answer;
  }

  /** What a chat or a user has spent of their allowance, in every window there is. */
  async spent(subject: string): Promise<number> {
    const rows = await this.tables.rows('RateLimits', 'subject', subject);
    return rows.reduce((sum, { count }) => sum + Number(count), 0);
  }

  /** Everything that was written down: by functions, by workflows, and by the process itself, file by file. */
  logs(): { file: string; text: string }[] {
    const folder = this.cloud.dataFolder;
    const groups = readdirSync(join(folder, 'logs'), { recursive: true, withFileTypes: true });
    const files = groups.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return [
      { file: 'the process', text: this.cloud.printed.join('\n') },
      ...[join(folder, 'functions.log'), ...files].map((file) => ({ file, text: readFileSync(file, 'utf8') })),
    ];
  }

  /** What no log may hold: words of messages, and the part of every token that makes it worth something. */
  get secrets(): string[] {
    const { machine } = this.cloud.outputs;
    const signatures = this.#tokens.map((token) => token.split('.')[2] ?? '');
    const bodies = this.#tokens.map((token) => token.split('.')[1] ?? '');
    return [this.secret, this.planted, ...signatures, ...bodies, machine?.clientSecret ?? 'no machine'];
  }

  async end(): Promise<void> {
    await Promise.all([...this.#people.values()].map((sender) => sender.close()));
    this.tables.close();
    this.outside.close();
    await this.cloud.stop();
    rmSync(this.#assembly, { recursive: true, force: true });
  }

  #keep(text: string): void {
    this.heard.push(text);
  }

  #person(username: string): Sender {
    const sender = this.#people.get(username);
    if (!sender) throw new Error(`${username} has not signed in`);
    return sender;
  }
}

type Properties = {
  Timeout?: number;
  RouteSettings?: Record<string, object>;
  EnvironmentVariables?: Record<string, unknown>;
};

/**
 * Lets the gateway take so few requests of an action, and GraphQL so few changes of permissions, that a test can pass the limit;
 * and functions as long as a machine needs that has other work: that none runs out of time is to tell of attacks.
 */
function retune(assembly: string): void {
  const file = join(assembly, readdirSync(assembly).find((name) => name.endsWith('.template.json')) ?? '');
  const template = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: Properties }>;
  };
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type === 'AWS::Lambda::Function') Properties.Timeout = 20;
    if (Type === 'AWS::ApiGatewayV2::Stage' && Properties.RouteSettings) {
      for (const action of limitedActions) Properties.RouteSettings[action] = actionLimits;
    }
    if (Type === 'AWS::AppSync::GraphQLApi') {
      Object.assign(Properties.EnvironmentVariables ?? {}, { PERMISSION_CHANGES_PER_WINDOW: String(permissionBurst) });
    }
  }
  writeFileSync(file, JSON.stringify(template));
}

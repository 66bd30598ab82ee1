import { setTimeout as delay } from 'node:timers/promises';
import { decodeTime } from 'ulid';
import type { Api } from '../integration/graphql/api.ts';
import { type Frame, TestSocket } from '../setup/socket.ts';
import type { Tables } from '../setup/tables.ts';
import { until } from '../setup/until.ts';

const staysMs = 4_000;
/** Under faults a mutation, or the stream's reader, has to try again. */
const patienceMs = 60_000;
const revoke = 'mutation($userId: ID!, $chatId: ID!) { revokePermission(userId: $userId, chatId: $chatId) { role } }';

/** From a moment when a guest's subscription was seen to be gone, to the next grant. */
type Absence = { from: number; to: number };

/** Somebody on a bare socket who is let into a chat and put out of it, again and again; or, as a stranger, never let in. */
export class Guest {
  readonly surprises: string[] = [];
  granted = 0;
  revoked = 0;
  readonly #api: Api;
  readonly #tables: Tables;
  readonly #username: string;
  readonly #chatId: string;
  readonly #welcome: boolean;
  readonly #absences: Absence[] = [];
  #socket: TestSocket | undefined;

  constructor(api: Api, tables: Tables, username: string, chatId: string, welcome: boolean) {
    this.#api = api;
    this.#tables = tables;
    this.#username = username;
    this.#chatId = chatId;
    this.#welcome = welcome;
    if (!welcome) this.#absences.push({ from: 0, to: Infinity });
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.#visit(stop);
      } catch {
        // A socket that the service gave up on, or an answer that never came: the next visit is on another one.
        this.#socket?.socket.terminate();
        this.#socket = undefined;
      }
      await delay(500, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  /** Lets a welcome guest in once more and puts it out for good, which makes up for a removal that could not be carried out. */
  async leave(): Promise<void> {
    if (this.#welcome) {
      await this.#letIn();
      await this.#putOut().catch(() => this.surprises.push(`${this.#username} is still subscribed to ${this.#chatId}`));
    }
    await this.#socket?.close();
  }

  async #visit(stop: AbortSignal): Promise<void> {
    this.#socket ??= await this.#connect();
    if (this.#welcome) await this.#letIn();
    await this.#socket.request({ action: 'subscribe', chatIds: [this.#chatId] });
    await delay(staysMs, undefined, { signal: stop }).catch(() => undefined);
    await this.#socket.request({ action: 'unsubscribe', chatIds: [this.#chatId] });
    await this.#socket.request({ action: 'subscribe', chatIds: [this.#chatId] });
    if (this.#welcome) await this.#putOut();
  }

  async #letIn(): Promise<void> {
    const absence = this.#absences.at(-1);
    if (absence) absence.to = Math.min(absence.to, Date.now());
    await this.#insist('the grant', () =>
      this.#api.grant('ada', { userId: this.#username, chatId: this.#chatId, role: 'viewer' }),
    );
    this.granted += 1;
  }

  async #putOut(): Promise<void> {
    const about = { userId: this.#username, chatId: this.#chatId };
    await this.#insist('the revocation', async () => {
      const { errors = [] } = await this.#api.ask('ada', revoke, about);
      // One whose answer was lost has taken effect.
      if (errors.some(({ errorType }) => errorType !== 'NotFound')) throw new Error(JSON.stringify(errors));
    });
    this.revoked += 1;
    await until('the subscription to end', () => this.#isOut(), patienceMs);
    this.#absences.push({ from: Date.now(), to: Infinity });
  }

  async #isOut(): Promise<boolean> {
    const rows = await this.#tables.rows('Subscriptions', 'chatId', this.#chatId);
    return !rows.some(({ subscriber }) => String(subscriber).includes(`#${this.#username}#`));
  }

  async #insist(what: string, attempt: () => Promise<void>): Promise<void> {
    const succeeds = (): Promise<boolean> =>
      attempt().then(
        () => true,
        () => false,
      );
    await until(what, succeeds, patienceMs);
  }

  async #connect(): Promise<TestSocket> {
    const token = await this.#api.token(this.#username);
    const socket = await TestSocket.open(this.#api.outputs.webSocketUrl, {}, ['notification.v1', token]);
    socket.socket.on('message', (data: Buffer) => this.#hear(JSON.parse(data.toString()) as Frame));
    return socket;
  }

  /** What was said after the subscription was gone, and comes before the next grant, is none of the guest's business. */
  #hear({ type, chatId, messageId }: Frame): void {
    if (type !== undefined || chatId !== this.#chatId) return;
    const now = Date.now();
    const said = decodeTime(String(messageId));
    if (this.#absences.some(({ from, to }) => said > from && now < to)) {
      this.surprises.push(`${this.#username} heard ${String(messageId)} of ${this.#chatId} without permission`);
    }
  }
}

import { ulid } from 'ulid';
import { type Cloud, startCloud } from './cloud.ts';
import { EdgeControl } from './edge-control.ts';
import { envelopeOf, type Lane, Outside } from './outside.ts';
import { personNamed } from './sign-in.ts';
import { type Frame, TestSocket } from './socket.ts';
import { until } from './until.ts';

/** YOUNG_CONNECTION_SECONDS of the `test` environment, and a little more. */
const youngMs = 2_100;

/** An embedded cloud of its own for one test file, with what tests of failures need around it. */
export class Stage {
  readonly cloud: Cloud;
  readonly edge: EdgeControl;
  readonly outside: Outside;
  readonly #sockets: TestSocket[] = [];

  private constructor(cloud: Cloud) {
    this.cloud = cloud;
    this.edge = new EdgeControl(cloud.outputs);
    this.outside = new Outside(cloud.outputs);
  }

  /**
   * Standard messages are not delivered twice unless asked for: these tests count.
   * @param options.arguments more arguments for `local/commands/start.ts`
   * @param options.dataFolder continue with this data instead of none
   */
  static async start(options: { duplicates?: number; arguments?: string[]; dataFolder?: string } = {}): Promise<Stage> {
    const { duplicates = 0, arguments: more = [], ...rest } = options;
    return new Stage(await startCloud({ ...rest, arguments: ['--duplicates', String(duplicates), ...more] }));
  }

  /** Opens a socket of a person who is a member of the chats. */
  async listen(username: string, ...chatIds: string[]): Promise<TestSocket> {
    for (const chatId of chatIds) await this.outside.grant(chatId, [username]);
    return this.open(username, ...chatIds);
  }

  /** Opens a socket with the permissions there are. */
  async open(username: string, ...chatIds: string[]): Promise<TestSocket> {
    const socket = await TestSocket.openAs(this.cloud.outputs, username, ...chatIds);
    this.#sockets.push(socket);
    return socket;
  }

  /** Waits until whatever is connected now is no longer young: from then on a 410 drops its rows. */
  async grownUp(): Promise<void> {
    const opened = Date.now();
    await until('connections that are no longer young', () => Date.now() - opened > youngMs);
  }

  /** Puts up to ten messages of bob's for a chat on a topic, in one FIFO group, as publishers would. */
  async publish(
    lane: Lane,
    chatId: string,
    contents: unknown[],
    more: { generateSequence?: true } = {},
  ): Promise<void> {
    const { userId } = personNamed(this.cloud.outputs, 'bob');
    const bodies = contents.map((content) => envelopeOf(userId, { chatId, content }, more));
    await this.outside.publish(
      lane,
      bodies.map((body) => ({ body, groupId: chatId })),
    );
  }

  newMessageId(): string {
    return ulid();
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
    this.outside.close();
    await this.cloud.stop();
  }
}

export function contentsOf(frames: readonly Frame[]): unknown[] {
  return frames.map((frame) => frame['content']);
}

export function retriesOf(frames: readonly Frame[]): unknown[] {
  return frames.map((frame) => (frame['sqsMetadata'] as { retryCount: number }).retryCount);
}

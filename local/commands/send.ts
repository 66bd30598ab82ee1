import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import type { Outputs } from '../outputs.ts';
import { signIn } from '../sign-in.ts';
import { Advice, failWith } from './advice.ts';
import { fromOutputs, localOutputs } from './outputs-file.ts';

const usage = `npm run send -- "Hello" [--from NAME] [--chat ID] [--to NAME,NAME] [--outputs FILE]
  --from NAME     who sends (default bob)
  --chat ID       the chat (default chat-123)
  --to NAME,NAME  who listens (default carol,vera)
  --outputs FILE  the embedded cloud's outputs (default .local/outputs.json)`;

/** What a message's way through the service looked like from outside. */
export type Journey = { reply: Frame; received: { by: string; frame: Frame; afterMs: number }[] };

type Frame = Record<string, unknown>;

const patienceMs = 15_000;

/**
 * Sends one FIFO message over a real socket and waits until everybody named has it: InitiateAuth, `$connect`, `sendMessage`,
 * and the frames that come back. A sender that is refused has the error as its reply, and nobody is waited for.
 * @param receivers usernames that open a socket to the chat first
 * @throws Advice naming who cannot connect, or whom nothing reached; Cognito's errors as they are
 */
export async function sendMessage(
  outputs: Outputs,
  message: { from: string; chatId: string; content: string; receivers: string[] },
): Promise<Journey> {
  const { from, chatId, content, receivers } = message;
  const names = [...new Set([from, ...receivers])];
  const over = new AbortController();
  try {
    const opened = await Promise.all(names.map((name) => openSocket(outputs, name, chatId, over.signal)));
    const sockets = new Map(opened.map((socket, index) => [names[index], socket]));
    const began = performance.now();
    const frameTo = (name: string, matches: (frame: Frame) => boolean): Promise<Frame> =>
      nextFrame(name, sockets.get(name) as WebSocket, matches, over.signal);
    const reply = frameTo(from, (frame) => frame['ackId'] === 'send-1');
    const received = receivers.map(async (by) => {
      const frame = await frameTo(by, ({ type, content: told }) => type === undefined && told === content);
      return { by, frame, afterMs: Math.round(performance.now() - began) };
    });
    sockets.get(from)?.send(
      JSON.stringify({
        action: 'sendMessage',
        targetChannel: 'WebSocket',
        messageType: 'fifo',
        generateSequence: true,
        ackId: 'send-1',
        payload: { chatId, eventType: 'chat', content },
      }),
    );
    const answer = await reply;
    return { reply: answer, received: isRefusal(answer) ? [] : await Promise.all(received) };
  } finally {
    over.abort();
  }
}

function isRefusal({ type }: Frame): boolean {
  return type === 'error';
}

/** Opens a socket that closes when it is over, should it only then be open, too. */
async function openSocket(outputs: Outputs, username: string, chatId: string, over: AbortSignal): Promise<WebSocket> {
  const { accessToken } = await signIn(outputs, username);
  over.throwIfAborted();
  const url = `${outputs.webSocketUrl}?chatIds=${encodeURIComponent(chatId)}`;
  const socket = new WebSocket(url, ['notification.v1', accessToken]);
  over.addEventListener('abort', () => socket.close());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', (cause) => reject(new Advice(`${username} cannot connect to ${chatId}: ${cause.message}`)));
  });
  return socket;
}

/** Waits for a frame until it comes, until too much time has passed, or until it is over: then nobody waits any more. */
function nextFrame(
  username: string,
  socket: WebSocket,
  matches: (frame: Frame) => boolean,
  over: AbortSignal,
): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Advice(`Nothing reached ${username} within ${patienceMs / 1000} s`)),
      patienceMs,
    );
    over.addEventListener('abort', () => clearTimeout(timer));
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Frame;
      if (!matches(frame)) return;
      clearTimeout(timer);
      resolve(frame);
    });
  });
}

/** `npm run send -- "Hello" --from bob --chat chat-123 --to carol,vera`, against the running embedded cloud. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: 'string', default: 'bob' },
      chat: { type: 'string', default: 'chat-123' },
      to: { type: 'string', default: 'carol,vera' },
      outputs: { type: 'string', default: localOutputs },
    },
  });
  const outputs = fromOutputs(values.outputs, withPeople, 'people to send as');
  const { reply, received } = await sendMessage(outputs, {
    from: values.from,
    chatId: values.chat,
    content: positionals[0] ?? 'Hello!',
    receivers: values.to.split(','),
  });
  console.log(`${values.from} was answered`);
  console.log(JSON.stringify(reply, null, 2));
  if (isRefusal(reply)) process.exitCode = 1;
  for (const { by, frame, afterMs } of received) {
    console.log(`${by} received, ${afterMs} ms after it was sent`);
    console.log(JSON.stringify(frame, null, 2));
  }
}

function withPeople(outputs: object): Outputs | undefined {
  return 'users' in outputs ? (outputs as Outputs) : undefined;
}

if (import.meta.main) main().catch((error: unknown) => failWith(adviceOnSending(error as Error), usage));

function adviceOnSending(error: Error & { code?: string }): Error {
  if (error.code !== 'ECONNREFUSED') return error;
  return new Advice('The embedded cloud does not answer. Start it with npm start.');
}

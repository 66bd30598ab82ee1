import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import type { Outputs } from './outputs.ts';
import { signIn } from './sign-in.ts';

/** What a message's way through the service looked like from outside. */
export type Journey = { reply: unknown; received: { by: string; frame: unknown; afterMs: number }[] };

const patienceMs = 15_000;

/**
 * Sends one FIFO message over a real socket and waits until everybody named has it: InitiateAuth, `$connect`, `sendMessage`,
 * and the frames that come back.
 * @param receivers usernames that open a socket to the chat first
 */
export async function sendMessage(
  outputs: Outputs,
  message: { from: string; chatId: string; content: string; receivers: string[] },
): Promise<Journey> {
  const { from, chatId, content, receivers } = message;
  const sender = await openSocket(outputs, from, chatId);
  const listeners = await Promise.all(
    receivers.map(async (name) => ({ name, socket: name === from ? sender : await openSocket(outputs, name, chatId) })),
  );
  try {
    const began = performance.now();
    const reply = nextFrame(sender, (frame) => frame['ackId'] === 'send-1');
    const received = listeners.map(async ({ name, socket }) => {
      const frame = await nextFrame(
        socket,
        (candidate) => candidate['type'] === undefined && candidate['content'] === content,
      );
      return { by: name, frame, afterMs: Math.round(performance.now() - began) };
    });
    sender.send(
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
    if (answer['type'] === 'error') return { reply: answer, received: [] };
    return { reply: answer, received: await Promise.all(received) };
  } finally {
    for (const socket of new Set([sender, ...listeners.map((listener) => listener.socket)])) socket.close();
  }
}

async function openSocket(outputs: Outputs, username: string, chatId: string): Promise<WebSocket> {
  const url = `${outputs.webSocketUrl}?chatIds=${encodeURIComponent(chatId)}`;
  const socket = new WebSocket(url, ['notification.v1', await signIn(outputs, username)]);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (error) => reject(new Error(`${username} cannot connect to ${chatId}: ${error.message}`)));
  });
  return socket;
}

function nextFrame(
  socket: WebSocket,
  matches: (frame: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Nothing arrived within ${patienceMs / 1000} s`)), patienceMs);
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Record<string, unknown>;
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
      data: { type: 'string', default: join(import.meta.dirname, '../.local') },
    },
  });
  const outputs = JSON.parse(readFileSync(join(values.data, 'outputs.json'), 'utf8')) as Outputs;
  const { reply, received } = await sendMessage(outputs, {
    from: values.from,
    chatId: values.chat,
    content: positionals[0] ?? 'Hello!',
    receivers: values.to.split(','),
  });
  console.log(`${values.from} was answered`);
  console.log(JSON.stringify(reply, null, 2));
  for (const { by, frame, afterMs } of received) {
    console.log(`${by} received, ${afterMs} ms after it was sent`);
    console.log(JSON.stringify(frame, null, 2));
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    console.error('Is the embedded cloud running? Start it with: npm start');
    process.exitCode = 1;
  });
}

import { type Attack, errorFrame, overWebSocket } from './attack.ts';
import { frame, opcodes, type RawSocket } from './raw-socket.ts';
import type { Scene } from './scene.ts';

/** What a socket of mallory's is closed with after these frames. */
function closedAfter(...frames: Buffer[]): Attack['send'] {
  return async (scene) => {
    const socket = await scene.open('mallory');
    socket.send(...frames);
    const code = await socket.closed;
    socket.stream.destroy();
    return { code };
  };
}

/** What a socket of mallory's is answered; `send` sends a message to their own channel in some way. */
function answeredAfter(send: (socket: RawSocket, message: string) => Promise<void> | void): Attack['send'] {
  return async (scene) => {
    const socket = await scene.open('mallory');
    const message = scene.message({ ackId: 'whole' }, { chatId: scene.userId('mallory') });
    await send(socket, JSON.stringify(message));
    const answer = await socket.next(({ ackId }) => ackId === 'whole');
    socket.stream.destroy();
    return { ...answer, pongs: socket.pongs };
  };
}

const { text, binary, continuation, close, ping } = opcodes;
const taken = { type: 'reply', message: 'Message sent successfully via WebSocket!' };
const closeCode = (code: number): Buffer => Buffer.of(code >> 8, code & 0xff);

const broken: [what: string, frames: Buffer[], code: number][] = [
  ['no mask', [frame('{}', { opcode: text, masked: false })], 1002],
  ['a reserved bit', [frame('{}', { opcode: text, reserved: 2 })], 1002],
  ['compression nobody agreed to', [frame('{}', { opcode: text, reserved: 4 })], 1002],
  ['an opcode of no meaning', [frame('{}', { opcode: 3 })], 1002],
  ['a control opcode of no meaning', [frame('{}', { opcode: 11 })], 1002],
  ['a continuation of nothing', [frame('{}', { opcode: continuation })], 1002],
  ['a message within a message', [frame('{', { opcode: text, fin: false }), frame('{}', { opcode: text })], 1002],
  ['a ping in parts', [frame('a', { opcode: ping, fin: false })], 1002],
  ['a ping of 126 bytes', [frame('a'.repeat(126), { opcode: ping })], 1002],
  ['a close code nobody may send', [frame(closeCode(1005), { opcode: close })], 1002],
  ['half a close code', [frame(Buffer.of(3), { opcode: close })], 1002],
  ['bytes that are no UTF-8', [frame(Buffer.of(0x22, 0xff, 0x22), { opcode: text })], 1007],
  ['half of a character', [frame(Buffer.of(0x22, 0xe2, 0x82), { opcode: text })], 1007],
  ['a length of 2^63 - 1 bytes', [frame('{}', { opcode: text, claimedLength: 2n ** 63n - 1n })], 1009],
  ['a length over 32 KB, and nothing of it', [frame('', { opcode: text, claimedLength: 33_000n })], 1009],
];

/** Sockets that do not do as RFC 6455 says, or do so slowly. */
export const frameAttacks: Attack[] = [
  ...broken.map(([what, frames, code]) => overWebSocket(`a frame with ${what}`, closedAfter(...frames), { code })),
  overWebSocket(
    'a message in a frame of 33 KB: it is not even looked at',
    async (scene) => {
      const socket = await scene.open('mallory');
      const message = scene.message({}, { chatId: scene.userId('mallory'), padding: 'x'.repeat(33_000) });
      socket.send(frame(JSON.stringify(message), { opcode: text }));
      const code = await socket.closed;
      socket.stream.destroy();
      return { code, texts: socket.texts };
    },
    { code: 1009, texts: [] },
  ),
  overWebSocket(
    'a frame byte by byte',
    answeredAfter(async ({ stream }, message) => {
      stream.setNoDelay(true);
      for (const byte of frame(message, { opcode: text })) {
        await new Promise<void>((sent) => stream.write(Buffer.of(byte), () => sent()));
      }
    }),
    taken,
  ),
  overWebSocket(
    'a message in parts of one byte, with pings between them',
    answeredAfter((socket, message) => {
      const bytes = [...Buffer.from(message)];
      const parts = bytes.map((byte, index) =>
        frame(Buffer.of(byte), { opcode: index === 0 ? text : continuation, fin: index === bytes.length - 1 }),
      );
      const withPings = parts.flatMap((part, index) =>
        index % 50 === 1 ? [frame('still here', { opcode: ping }), part] : [part],
      );
      socket.send(...withPings);
    }),
    { ...taken, pongs: expect.arrayContaining(['still here']) as unknown },
  ),
  overWebSocket(
    '10,000 empty parts before the end',
    answeredAfter((socket, message) => {
      socket.send(
        frame(message, { opcode: text, fin: false }),
        ...Array.from({ length: 10_000 }, () => frame('', { opcode: continuation, fin: false })),
        frame('', { opcode: continuation }),
      );
    }),
    taken,
  ),
  overWebSocket(
    'an action in a binary frame, which API Gateway routes past it',
    async (scene) => {
      const socket = await scene.open('mallory');
      socket.send(frame('{"action":"ping","ackId":"b"}', { opcode: binary }));
      const answer = await socket.next(({ ackId }) => ackId === 'b');
      socket.stream.destroy();
      return answer;
    },
    errorFrame(400, expect.stringContaining('Unknown action: "ping"')),
  ),
  overWebSocket(
    'a socket that is cut in the middle of a frame: its rows go',
    async (scene) => {
      const before = await scene.outside.connectionsOf('mallory');
      const socket = await scene.open('mallory');
      const whole = frame(JSON.stringify(scene.message()), { opcode: text });
      socket.send(whole.subarray(0, whole.length / 2));
      socket.stream.resetAndDestroy();
      return { left: await settled(scene, before.length) };
    },
    { left: true },
  ),
];

async function settled(scene: Scene, connections: number): Promise<boolean> {
  for (let look = 0; look < 500; look += 1) {
    if ((await scene.outside.connectionsOf('mallory')).length <= connections) return true;
  }
  return false;
}

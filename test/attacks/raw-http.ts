import { connect, type Socket } from 'node:net';

export type RawAnswer = { status: number; headers: Record<string, string>; body: string; answers: number };

/** Opens a connection to the host and port of an address. */
export function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/**
 * Sends these very bytes, and reads until the server ends the connection or opens a WebSocket.
 *
 * @param endless sent after them, again and again, as fast as it is taken
 * @returns the first answer, and how many there were: a request smuggled in another's body would get one of its own
 */
export async function sendRaw(url: string, bytes: string | Buffer, endless?: string): Promise<RawAnswer> {
  const socket = await dial(url);
  let received = '';
  socket.setEncoding('latin1');
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (text: string) => {
      received += text;
      if (/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/.test(received)) resolve();
    });
    // What was sent but never read may end the connection with a reset.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
  socket.write(bytes);
  if (endless !== undefined) {
    const more = (): unknown => socket.write(endless, (failed) => failed ?? setImmediate(more));
    more();
  }
  await ended;
  socket.destroy();
  return readAnswer(received);
}

function readAnswer(received: string): RawAnswer {
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = lines.map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(' ')[1] ?? 0),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: rest.join('\r\n\r\n'),
    answers: received.split(/^HTTP\/1\.1 /m).length - 1,
  };
}

/** The lines of a request as text. The connection ends with the answer. */
export function requestLines(line: string, headers: string[], body = ''): string {
  return [`${line} HTTP/1.1`, ...headers, 'connection: close', '', body].join('\r\n');
}

import type { Duplex } from 'node:stream';

/**
 * Watches the bytes a client sends for a WebSocket frame that is longer than API Gateway takes (RFC 6455, section 5.2 gives the header).
 * `ws` limits whole messages only, and a message of several small frames is fine.
 * @param onTooLong called once, with the payload length in bytes, before the frame is complete
 */
export function watchFrameLength(socket: Duplex, limit: number, onTooLong: (length: number) => void): void {
  let header = Buffer.alloc(0);
  let payloadLeft = 0;
  const onData = (chunk: Buffer): void => {
    let rest = chunk;
    while (rest.length > 0) {
      if (payloadLeft > 0) {
        const skipped = Math.min(payloadLeft, rest.length);
        payloadLeft -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      header = Buffer.concat([header, rest]);
      const frame = readHeader(header);
      if (!frame) return;
      if (frame.payloadLength > limit) {
        socket.off('data', onData);
        onTooLong(frame.payloadLength);
        return;
      }
      rest = header.subarray(frame.headerLength);
      header = Buffer.alloc(0);
      payloadLeft = frame.payloadLength;
    }
  };
  // Before `ws`, which may find the whole frame in the same bytes.
  socket.prependListener('data', onData);
}

function readHeader(bytes: Buffer): { headerLength: number; payloadLength: number } | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes.readUInt8(1);
  const maskLength = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headerLength = 2 + lengthBytes + maskLength;
  if (bytes.length < headerLength) return undefined;
  if (lengthBytes === 0) return { headerLength, payloadLength: short };
  const payloadLength = lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { headerLength, payloadLength };
}

import fc from 'fast-check';
import { batchFrame, largestFrameBytes, messageFrame, packFrames } from '../../functions/domain/protocol/frames.ts';
import { limits } from '../../functions/domain/protocol/limits.ts';
import { envelope } from './support/events.ts';

describe('batch frames', () => {
  const batchFrames = (frames: string[]): string[] => packFrames(frames).map(batchFrame);
  const frameOf = (content: string): string => JSON.stringify({ content });

  test('one frame stays plain; several come as one batch, in order', () => {
    expect(batchFrames([frameOf('a')])).toEqual([frameOf('a')]);
    expect(batchFrames([frameOf('a'), frameOf('b')])).toEqual([
      '{"type":"batch","messages":[{"content":"a"},{"content":"b"}]}',
    ]);
    expect(batchFrames([])).toEqual([]);
  });

  test('a batch is full at exactly 32 KB', () => {
    const around = '{"type":"batch","messages":[,]}'.length;
    const first = frameOf('x'.repeat(1_000));
    const fitting = frameOf('y'.repeat(32 * 1024 - around - first.length - frameOf('').length));
    expect(batchFrames([first, fitting]).map((frame) => Buffer.byteLength(frame))).toEqual([32 * 1024]);
    expect(batchFrames([first, fitting.replace('y', 'yy')])).toHaveLength(2);
  });

  test('a frame over 32 KB goes alone, between the others', () => {
    const large = frameOf('x'.repeat(40_000));
    expect(batchFrames([frameOf('a'), frameOf('b'), large, frameOf('c')])).toEqual([
      '{"type":"batch","messages":[{"content":"a"},{"content":"b"}]}',
      large,
      frameOf('c'),
    ]);
  });

  test('no message is lost, doubled or moved, and no batch is over 32 KB', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size: fc.nat(20_000), letter: fc.constantFrom('x', 'é', '"') })), (sizes) => {
        const frames = sizes.map(({ size, letter }) => frameOf(letter.repeat(size)));
        const packed = batchFrames(frames);
        const unpacked = packed.flatMap((frame) => {
          const parsed = JSON.parse(frame) as { type?: string; messages?: unknown[] };
          if (parsed.type === undefined) return [frame];
          expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(limits.batchFrameBytes);
          return (parsed.messages ?? []).map((message) => JSON.stringify(message));
        });
        expect(unpacked).toEqual(frames);
      }),
    );
  });
});

describe('the largest a frame can be', () => {
  test.each([
    ['standard', envelope({ messageType: 'standard' }), undefined, undefined],
    ['FIFO', envelope(), undefined, '9'.repeat(39)],
    ['numbered', envelope({ generateSequence: true }), Number.MAX_SAFE_INTEGER, '9'.repeat(39)],
  ])('%s: no frame is larger, and one is as large', (_kind, message, sequence, sequenceNumber) => {
    const transport = { messageId: 'm'.repeat(36), retryCount: 999, sequenceNumber };
    expect(Buffer.byteLength(messageFrame(message, transport, sequence))).toBe(largestFrameBytes(message));
  });

  test('bytes are counted, not characters', () => {
    const bytes = (content: string): number => largestFrameBytes(envelope({ payload: { content } }));
    expect(bytes('é') - bytes('')).toBe(2);
    expect(bytes('👋') - bytes('')).toBe(4);
    expect(bytes('\n') - bytes('')).toBe(2);
  });
});

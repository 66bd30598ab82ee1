import { openLoopback } from '../loopback.ts';

/** An error the engine answered with; `code` is the AWS error name, e.g. `ResourceNotFoundException`. */
export class EngineError extends Error {
  readonly code: string;

  constructor(action: string, code: string, message: string) {
    super(`${action}: ${code}: ${message}`);
    this.name = 'EngineError';
    this.code = code;
  }
}

export interface EngineClient {
  /**
   * Calls an action, e.g. `DynamoDB_20120810.Query`, with its input in the wire's own JSON shape.
   * @throws EngineError when the engine refuses, the socket's error when it cannot be reached.
   */
  call<Output>(action: `DynamoDB${'' | 'Streams'}_20120810.${string}`, input: object): Promise<Output>;
  close(): void;
}

/** Adds to a call's headers what says who calls. */
export type Sign = (headers: Record<string, string>, body: string) => Promise<Record<string, string>>;

// The engines do not check signatures, but refuse a call that carries none.
const unchecked: Sign = (headers) =>
  Promise.resolve({
    ...headers,
    authorization:
      'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00',
    'x-amz-date': '20260101T000000Z',
  });

/**
 * Our own calls to the engine (tables, TTL, streams). Not the SDK: it speaks the wire's JSON, which is the very shape stream
 * records have in Lambda, and saves loading two SDK clients while booting.
 * @param url of the engine, or of the edge before it, which does check signatures
 */
export function engineClient(url: string, sign: Sign = unchecked): EngineClient {
  const loopback = openLoopback(url);
  return {
    async call<Output>(action: string, input: object) {
      const sent = JSON.stringify(input);
      const headers = await sign({ 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': action }, sent);
      const { status, body } = await loopback.post({ headers, body: Buffer.from(sent) });
      const output: unknown = JSON.parse(body.toString() || '{}');
      if (status !== 200) {
        const { __type, message, Message } = output as { __type?: string; message?: string; Message?: string };
        throw new EngineError(action, __type?.split('#').at(-1) ?? String(status), message ?? Message ?? '');
      }
      return output as Output;
    },
    close: () => {
      loopback.close();
    },
  };
}

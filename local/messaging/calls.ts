import type { Messaging } from './messaging.ts';

/** An error SNS or SQS answered with; `code` is the AWS error name. */
export class MessagingError extends Error {
  readonly code: string;

  constructor(action: string, code: string, message: string) {
    super(`${action}: ${code}: ${message}`);
    this.name = 'MessagingError';
    this.code = code;
  }
}

// Our own calls while booting. Not the SDK: loading two of its clients would take longer than all the calls together.
const unsigned = (service: string, region: string) =>
  `AWS4-HMAC-SHA256 Credential=local/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`;

/** Calls an SQS action (JSON protocol). @throws MessagingError */
export async function callSqs<Output>(messaging: Messaging, action: string, input: object): Promise<Output> {
  const { status, body } = await messaging.forward({
    headers: {
      host: `sqs.${messaging.region}.amazonaws.com`,
      authorization: unsigned('sqs', messaging.region),
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AmazonSQS.${action}`,
    },
    body: Buffer.from(JSON.stringify(input)),
  });
  const output: unknown = JSON.parse(body.toString());
  if (status !== 200) {
    const { __type = '', message = '' } = output as { __type?: string; message?: string };
    throw new MessagingError(action, __type.split('#').at(-1) ?? '', message);
  }
  return output as Output;
}

/**
 * Calls an SNS action (query protocol).
 * @param entries goes in as `Attributes.entry.N.key` and `.value`
 * @returns the answer's XML, for `textOf` and `entriesOf`
 * @throws MessagingError
 */
export async function callSns(
  messaging: Messaging,
  action: string,
  input: Record<string, string>,
  entries: Record<string, string> = {},
): Promise<string> {
  const form = new URLSearchParams({ Action: action, Version: '2010-03-31', ...input });
  Object.entries(entries).forEach(([key, value], index) => {
    form.set(`Attributes.entry.${String(index + 1)}.key`, key);
    form.set(`Attributes.entry.${String(index + 1)}.value`, value);
  });
  const { status, body } = await messaging.forward({
    headers: {
      host: `sns.${messaging.region}.amazonaws.com`,
      authorization: unsigned('sns', messaging.region),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: Buffer.from(form.toString()),
  });
  const xml = body.toString();
  if (status !== 200) {
    throw new MessagingError(action, textsOf(xml, 'Code')[0] ?? String(status), textsOf(xml, 'Message')[0] ?? xml);
  }
  return xml;
}

/** The text of every element of that name that holds text alone. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map((match) => unescapeXml(match[1]));
}

/** The map in `<entry><key>..</key><value>..</value></entry>` elements. */
export function entriesOf(xml: string): Record<string, string> {
  const keys = textsOf(xml, 'key');
  const values = textsOf(xml, 'value');
  return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? '']));
}

const XML_ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text = ''): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_entity, name: string) => XML_ENTITIES[name] ?? '');
}

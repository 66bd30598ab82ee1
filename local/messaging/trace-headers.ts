import type { AwsCall } from '../edge/call.ts';
import type { ForwardedRequest, ForwardedResponse } from '../loopback.ts';

/**
 * How a trace header travels with a message here: as an attribute, since fauxqs knows no system attribute of senders'. It
 * is put in and taken out at the edge, and so is seen by nobody.
 */
const attribute = 'embedded.AWSTraceHeader';

type Call = ForwardedRequest & Pick<AwsCall, 'service' | 'action' | 'input'>;
type Attributes = Record<string, { DataType: string; StringValue?: string }>;
type Outgoing = { MessageAttributes?: Attributes; MessageSystemAttributes?: Attributes };

/**
 * A call that sends messages, with the trace header on each. SNS hands it on to queues
 * (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html); SQS takes it from the call, or, first, from the message
 * (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html).
 */
export function withTraceHeader(call: Call): ForwardedRequest {
  const header = call.headers['x-amzn-trace-id'];
  const ofCall = typeof header === 'string' ? header : undefined;
  if (call.service === 'sns') return ofCall === undefined ? call : { ...call, body: inForm(call, ofCall) };
  const { Entries, ...rest } = call.input as Outgoing & { Entries?: Outgoing[] };
  switch (call.action) {
    case 'SendMessage':
      return { ...call, body: Buffer.from(JSON.stringify(onMessage(rest, ofCall))) };
    case 'SendMessageBatch': {
      const entries = Entries?.map((entry) => onMessage(entry, ofCall));
      return { ...call, body: Buffer.from(JSON.stringify({ ...rest, Entries: entries })) };
    }
    default:
      return call;
  }
}

function onMessage(message: Outgoing, ofCall: string | undefined): Outgoing {
  const { MessageSystemAttributes, ...sent } = message;
  const header = MessageSystemAttributes?.['AWSTraceHeader']?.StringValue ?? ofCall;
  if (header === undefined) return sent;
  const traced = { [attribute]: { DataType: 'String', StringValue: header } };
  return { ...sent, MessageAttributes: { ...sent.MessageAttributes, ...traced } };
}

/** Of a form with one message (Publish) or several (PublishBatch), each with one attribute more. */
function inForm({ action, input, body }: Call, header: string): Buffer {
  const names = Object.keys(input);
  const members = names.flatMap((name) => /^PublishBatchRequestEntries\.member\.\d+\./.exec(name)?.[0] ?? []);
  const messages = action === 'Publish' ? [''] : [...new Set(members)];
  const fields = messages.flatMap((message) => {
    const entries = `${message}MessageAttributes.entry.`;
    const count = names.filter((name) => name.startsWith(entries) && name.endsWith('.Name')).length;
    const entry = `${entries}${count + 1}`;
    return [
      [`${entry}.Name`, attribute],
      [`${entry}.Value.DataType`, 'String'],
      [`${entry}.Value.StringValue`, header],
    ];
  });
  return Buffer.concat([
    body,
    Buffer.from(fields.map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`).join('')),
  ]);
}

/** The answer to a receive, with the trace header where SQS has it, among a message's system attributes. */
export function withoutTraceAttribute(
  { action }: Pick<AwsCall, 'action'>,
  response: ForwardedResponse,
): ForwardedResponse {
  if (action !== 'ReceiveMessage' || !response.body.includes(attribute)) return response;
  const { Messages = [], ...rest } = JSON.parse(response.body.toString()) as { Messages?: Received[] };
  return { ...response, body: Buffer.from(JSON.stringify({ ...rest, Messages: Messages.map(received) })) };
}

type Received = {
  MessageAttributes?: Attributes;
  Attributes?: Record<string, string>;
  MD5OfMessageAttributes?: string;
};

function received({ MD5OfMessageAttributes, ...message }: Received): Received {
  const { [attribute]: header, ...others } = message.MessageAttributes ?? {};
  if (header?.StringValue === undefined)
    return { ...message, ...(MD5OfMessageAttributes && { MD5OfMessageAttributes }) };
  const { MessageAttributes, ...plain } = message;
  return {
    ...plain,
    Attributes: { ...message.Attributes, AWSTraceHeader: header.StringValue },
    ...(MessageAttributes && Object.keys(others).length > 0 && { MessageAttributes: others }),
  };
}

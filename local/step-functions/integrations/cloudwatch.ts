import { AwsV4Signer } from 'aws4fetch';

/**
 * The action of CloudWatch that workflows use, in the shape of a package of the AWS SDK: one small call is no reason for a whole client. It
 * speaks AWS JSON 1.0, one of CloudWatch's protocols
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-protocols-faq.html).
 */
const target = 'GraniteServiceVersion20100801';
const namespace = 'com.amazonaws.cloudwatch';

type Settings = {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
};
type Built = { request: { headers: Record<string, string> } };
type Middleware = (next: (built: Built) => unknown) => (built: Built) => unknown;

/** Sends commands. */
export class CloudWatchClient {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @throws Error with the name CloudWatch gives it and the answer's status, as clients of the SDK do; of fetch, when there is no answer */
  async send(
    { name, input, middleware }: PutMetricDataCommand,
    { abortSignal: signal }: { abortSignal: AbortSignal },
  ): Promise<object> {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${target}.${name}` };
    for (const each of middleware) each(() => undefined)({ request: { headers } });
    const { endpoint, region, credentials } = this.#settings;
    const signer = new AwsV4Signer({
      ...credentials,
      ...{ url: `${endpoint}/`, method: 'POST', headers, body: JSON.stringify(input), service: 'monitoring', region },
    });
    const { url, method, headers: signed, body } = await signer.sign();
    const response = await fetch(url, { method, headers: signed, body: body as string, signal });
    const text = await response.text();
    if (!response.ok) throw failureOf(response, text);
    return {};
  }

  destroy(): void {
    // Connections are fetch's own.
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html, without statistic sets, entities and times. */
export class PutMetricDataCommand {
  readonly name = 'PutMetricData';
  readonly schema = [9, namespace, 'PutMetricData', 0, putMetricDataInput, [structure, namespace, 'Unit', 0, [], []]];
  readonly middleware: Middleware[] = [];
  readonly middlewareStack = {
    add: (middleware: Middleware): void => {
      this.middleware.push(middleware);
    },
  };
  readonly input: unknown;

  constructor(input: unknown) {
    this.input = input;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html#API_PutMetricData_Errors */
export class InternalServiceFault extends Error {}
export class InvalidParameterCombinationException extends Error {}
export class InvalidParameterValueException extends Error {}
export class MissingRequiredParameterException extends Error {}

/** Shapes as shapes.ts reads them. */
const text = 0;
const double = 1;
const doubles = 64 | double;
const list = 1;
const structure = 3;

function putMetricDataInput(): unknown {
  const dimension = [structure, namespace, 'Dimension', 0, ['Name', 'Value'], [text, text], 2];
  const dimensions = [list, namespace, 'Dimensions', 0, dimension];
  const names = ['MetricName', 'Dimensions', 'Value', 'Values', 'Counts', 'Unit', 'StorageResolution'];
  const shapes = [text, dimensions, double, doubles, doubles, text, double];
  const datum = [structure, namespace, 'MetricDatum', 0, names, shapes, 1];
  const data = [list, namespace, 'MetricData', 0, datum];
  return [structure, namespace, 'PutMetricDataInput', 0, ['Namespace', 'MetricData'], [text, data], 2];
}

function failureOf({ status, headers }: Response, body: string): Error {
  const { __type: name = 'Unknown', message = body } = parsed(body);
  const requestId = headers.get('x-amzn-requestid') ?? undefined;
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status, requestId } });
}

function parsed(body: string): { __type?: string; message?: string } {
  try {
    return JSON.parse(body) as { __type?: string; message?: string };
  } catch {
    return {};
  }
}

/** What something costs, in dollars, where that stands, and of when it is. */
export interface Price {
  what: string;
  /** For a million of them, unless `what` says otherwise. */
  dollars: number;
  source: string;
  /** When the source was written or last read. */
  asOf: string;
}

/** List prices of us-east-1, without free tiers and volume discounts. AWS changes them: look before you rely on them. */
export const aws = {
  webSocketMessage: {
    what: 'API Gateway: a message in or out, per 32 KB',
    dollars: 1,
    source: 'https://amnic.com/blogs/aws-api-gateway-pricing, after https://aws.amazon.com/api-gateway/pricing/',
    asOf: 'undated',
  },
  connectionMinute: {
    what: 'API Gateway: a minute of a connection',
    dollars: 0.25,
    source: 'https://amnic.com/blogs/aws-api-gateway-pricing, after https://aws.amazon.com/api-gateway/pricing/',
    asOf: 'undated',
  },
  standardPublish: {
    what: 'SNS: a publish to a standard topic',
    dollars: 0.5,
    source: 'https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/',
    asOf: '2026-06-13',
  },
  fifoPublish: {
    what: 'SNS: a publish to a FIFO topic (its charge by the gigabyte left out)',
    dollars: 0.3,
    source: 'https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/',
    asOf: '2026-06-13',
  },
  standardRequest: {
    what: 'SQS: a request to a standard queue, per 64 KB',
    dollars: 0.4,
    source: 'https://awsnegotiations.com/sqs-sns-cost-optimization.html',
    asOf: 'undated',
  },
  fifoRequest: {
    what: 'SQS: a request to a FIFO queue, per 64 KB',
    dollars: 0.5,
    source: 'https://awsnegotiations.com/sqs-sns-cost-optimization.html',
    asOf: 'undated',
  },
  writeUnit: {
    what: 'DynamoDB on demand: a write request unit',
    dollars: 0.625,
    source: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing',
    asOf: '2025-07-21',
  },
  readUnit: {
    what: 'DynamoDB on demand: a read request unit',
    dollars: 0.125,
    source: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing',
    asOf: '2025-07-21',
  },
  invocation: {
    what: 'Lambda: an invocation',
    dollars: 0.2,
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing',
    asOf: '2024',
  },
  gigabyteSecond: {
    what: 'Lambda on arm64: a gigabyte-second',
    dollars: 13.3334,
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing',
    asOf: '2024',
  },
  logMegabyte: {
    what: 'CloudWatch Logs: a megabyte taken in ($0.50 a gigabyte)',
    dollars: 500,
    source: 'https://c3x.dev/blog/cloudwatch-logs-cost-optimization',
    asOf: '2026-06',
  },
} satisfies Record<string, Price>;

/** What others ask for a message, and for its delivery to one of its receivers, both counted alike. */
export const rivals: (Price & { name: string; connectionMinutes: number })[] = [
  {
    name: 'AppSync Events',
    what: 'an operation: a message published, or delivered to one subscriber, per 5 KB',
    dollars: 1,
    connectionMinutes: 0.08,
    source:
      "AWS's price list, AWSAppSync.csv, eu-west-1, after https://huggingface.co/datasets/labofsahil/aws-pricing-dataset",
    asOf: '2024-09-01',
  },
  {
    name: 'Ably',
    what: 'a message published, or delivered to one subscriber; beside $29 or $399 a month, before volume discounts',
    dollars: 2.5,
    connectionMinutes: 1,
    source: 'https://ably.com/docs/platform/pricing/examples/data-broadcast, as of github.com/ably/docs 06c68a2',
    asOf: 'undated',
  },
  {
    name: 'Pusher Channels',
    what: 'a message published, or delivered to one subscriber; plan Startup: $49 a month for 1M a day and 500 connections, all of it used',
    dollars: 49 / 30,
    connectionMinutes: 0,
    source:
      'https://blog.mattheworiordan.com/p/transparent-pricing-that-rewards, counted as https://pusher.com/legal/quotas says',
    asOf: '2025',
  },
];

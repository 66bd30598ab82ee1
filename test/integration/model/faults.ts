import fc from 'fast-check';
import type { FaultRule } from '../../setup/edge-control.ts';

type Target = Pick<FaultRule, 'action' | 'role'> & { service: string };
type Fault = FaultRule['fault'];

function targets(role: string, service: string, ...actions: string[]): Target[] {
  return actions.map((action) => ({ role, service, action }));
}

/** Calls of functions that somebody waits for, and who then asks again. */
const answering: Target[] = [
  ...targets('websocket-authorizer', 'dynamodb', 'BatchGetItem'),
  ...targets('connection', 'dynamodb', 'TransactWriteItems', 'Query', 'BatchWriteItem'),
  ...targets('subscription', 'dynamodb', 'BatchGetItem', 'Query', 'TransactWriteItems', 'BatchWriteItem'),
  ...targets('replay', 'dynamodb', 'BatchGetItem', 'Query'),
  ...targets('heartbeat', 'dynamodb', 'BatchGetItem'),
  ...['p2p-websocket-publisher', 'a2p-http-publisher'].flatMap((role) => [
    ...targets(role, 'dynamodb', 'BatchGetItem', 'UpdateItem'),
    ...targets(role, 'sns', 'Publish'),
  ]),
];

/** Calls of functions that a queue feeds. */
const processing: Target[] = [
  ...targets('message-processor', 'dynamodb', 'TransactWriteItems', 'TransactWriteItems', 'Query', 'BatchWriteItem'),
  ...targets('message-processor', 'execute-api', 'PostToConnection', 'PostToConnection'),
  ...targets('message-processor', 'sqs', 'SendMessageBatch', 'ChangeMessageVisibilityBatch', 'SendMessage'),
  ...targets('delivery-retry', 'dynamodb', 'GetItem'),
  ...targets('delivery-retry', 'execute-api', 'PostToConnection', 'DeleteConnection'),
  ...targets('delivery-retry', 'sqs', 'ChangeMessageVisibilityBatch'),
];

const throttle: Record<string, Fault> = {
  dynamodb: { error: 'ProvisionedThroughputExceededException', statusCode: 400 },
  sns: { error: 'Throttled', statusCode: 429 },
  sqs: { error: 'RequestThrottled', statusCode: 400 },
  'execute-api': { error: 'LimitExceededException', statusCode: 429 },
};

/** Nothing that the SDK would try again by itself. */
const refusal: Fault = { error: 'AccessDeniedException', statusCode: 400 };

function faultsOf({ service }: Target): fc.Arbitrary<Fault> {
  const faults: Fault[] = [
    { error: 'InternalServerError', statusCode: 500 },
    { dropReply: true },
    { delayMs: 1_500 },
    throttle[service] ?? refusal,
    service === 'execute-api' ? { error: 'GoneException', statusCode: 410 } : refusal,
  ];
  return fc.constantFrom(...faults);
}

function rulesFor(among: Target[], faults: (target: Target) => fc.Arbitrary<Fault>): fc.Arbitrary<FaultRule> {
  return fc
    .constantFrom(...among)
    .chain((target) =>
      fc
        .record({ fault: faults(target), times: fc.integer({ min: 1, max: 2 }) })
        .map((rest) => ({ ...target, ...rest })),
    );
}

const crash = (): fc.Arbitrary<Fault> => fc.constantFrom<Fault>({ crash: true }, { crash: 'after' });

/** What the system recovers from within seconds. */
export const swiftFaults: fc.Arbitrary<FaultRule> = fc.oneof(
  {
    weight: 3,
    arbitrary: rulesFor(
      processing.filter(({ action }) => !action?.startsWith('ChangeMessage')),
      faultsOf,
    ),
  },
  { weight: 2, arbitrary: rulesFor(answering, faultsOf) },
  { weight: 1, arbitrary: rulesFor(answering, crash) },
);

/** What also leaves messages out of sight until the queue's visibility timeout brings them back. */
export const slowFaults: fc.Arbitrary<FaultRule> = fc.oneof(
  { weight: 1, arbitrary: swiftFaults },
  { weight: 1, arbitrary: rulesFor(processing, faultsOf) },
  { weight: 2, arbitrary: rulesFor(processing, crash).map((rule) => ({ ...rule, times: 1 })) },
);

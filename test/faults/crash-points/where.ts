/** The suites that strike every call of a role. */
export type Suite = 'answers' | 'deliveries' | 'processing' | 'redrive-calls';

/** Where each role of the stack is struck: functions and workflows by their names in the template, and the resolvers of GraphQL. */
export const where: Record<string, Suite> = {
  'a2p-http-publisher': 'answers',
  appsync: 'answers',
  authenticate: 'answers',
  connection: 'answers',
  heartbeat: 'answers',
  'p2p-websocket-publisher': 'answers',
  'permissions-http': 'answers',
  replay: 'answers',
  subscription: 'answers',
  'websocket-authorizer': 'answers',

  'dead-letter-recorder': 'deliveries',
  'dead-letter-watch': 'deliveries',
  'delivery-retry': 'deliveries',
  'fan-out': 'deliveries',
  'message-processor': 'processing',
  'multipart-completion': 'processing',
  'multipart-expiry': 'deliveries',
  'permission-stream': 'deliveries',
  'permission-stream-watch': 'deliveries',

  'dlq-redrive': 'redrive-calls',
  'redrive-batch': 'redrive-calls',
  'redrive-control': 'redrive-calls',
  'redrive-watch': 'redrive-calls',
};

/** Functions that call nothing: there is no point at which they could be struck. */
export const callingNothing = ['report'];

/** The roles that a suite strikes, in the order of their names. */
export function rolesOf(suite: Suite): string[] {
  return Object.keys(where)
    .filter((role) => where[role] === suite)
    .toSorted();
}

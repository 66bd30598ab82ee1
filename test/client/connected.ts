import { WebSocket } from 'ws';
import type { Client, ClientEvents, ClientOptions } from '../../client/index.ts';
import { createClient } from '../../client/index.ts';
import { jwt } from './jwt.ts';
import { ServiceDouble } from './service-double.ts';

/** Events, with their names, in the order they came. */
export type Log = { [Name in keyof ClientEvents]: [name: Name, event: ClientEvents[Name]] }[keyof ClientEvents][];

const EVENTS: (keyof ClientEvents)[] = [
  'state',
  'message',
  'delivered',
  'error',
  'revoked',
  'refused',
  'gap',
  'gapFilled',
  'truncated',
  'unknown',
];

/** A client of the double on the double's clock, without jitter: back-off and waiting for gaps take no time. */
export function clientOf(service: ServiceDouble, options: Partial<ClientOptions> = {}): { client: Client; log: Log } {
  const client = createClient({
    url: service.url,
    token: () => jwt(service.now() + 86_400_000),
    WebSocket,
    clock: service.clock,
    random: () => 0,
    gapDelayMs: 0,
    ...options,
  });
  const log: Log = [];
  for (const name of EVENTS) client.on(name, (event) => log.push([name, event] as Log[number]));
  return { client, log };
}

/** The events of one name in a log. */
export function eventsIn<Name extends keyof ClientEvents>(log: Log, name: Name): ClientEvents[Name][] {
  return log.flatMap(([found, event]) => (found === name ? [event as ClientEvents[Name]] : []));
}

/** A service and a connected client; `end` closes both. */
export async function connected(
  options: Partial<ClientOptions> = {},
): Promise<{ service: ServiceDouble; client: Client; log: Log; end: () => Promise<void> }> {
  const service = await ServiceDouble.start();
  const { client, log } = clientOf(service, options);
  await client.connect();
  const end = async (): Promise<void> => {
    await client.close();
    await service.stop();
  };
  return { service, client, log, end };
}

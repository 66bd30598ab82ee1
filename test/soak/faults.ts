import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kindsOf } from '../faults/crash-points/kinds.ts';
import type { FaultRule } from '../setup/edge-control.ts';

const services = ['dynamodb', 'execute-api', 'lambda', 'sns', 'sqs', 'states'];
const notFunctions = ['domain', 'entry', 'platform'];

/** Of what befalls calls, how much is of each kind. Deaths are the rarest: each keeps its messages out of sight for a while. */
const shares: Record<string, number> = {
  'it fails': 0.15,
  'it breaks': 0.25,
  'it is throttled': 0.25,
  'it takes long': 0.15,
  'its answer is lost': 0.15,
  'its caller dies before it': 0.025,
  'its caller dies after it': 0.025,
  // Of starts of workflows only, besides the others.
  'what it starts runs three times': 0.2,
};

/** Rules by which so many of a hundred AWS calls of the functions, polling for them included, are struck; by the kind. */
export function faultRules(percent: number): { kind: string; rule: FaultRule }[] {
  if (percent === 0) return [];
  const roles = readdirSync(join(import.meta.dirname, '../../functions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !notFunctions.includes(entry.name))
    .map(({ name }) => name);
  return services.flatMap((service) => {
    const kinds: Record<string, FaultRule['fault']> = {
      ...kindsOf(service),
      'it breaks': { error: 'InternalServerError', statusCode: 500 },
      'it takes long': { delayMs: 500 },
    };
    return roles.flatMap((role) =>
      Object.entries(kinds).map(([kind, fault]) => ({
        kind,
        rule: {
          ...{ role, service, fault, probability: (percent / 100) * (shares[kind] ?? 0) },
          ...('repeat' in fault && { action: 'StartExecution' }),
        },
      })),
    );
  });
}

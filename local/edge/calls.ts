import type { AwsCall } from './call.ts';

/** How often a role made a call. `resource` is the ARN, several joined by commas for a batch or transaction over several tables. */
export type CallCount = {
  role: string;
  by: AwsCall['by'];
  service: string;
  action: string;
  resource: string;
  count: number;
};

/** Counts every call that could be told, also those then denied or failed: an attempt costs a request on AWS as well. */
export class CallCounter {
  private counts = new Map<string, CallCount>();

  record({ role, by, service, action, resources }: AwsCall): void {
    const resource = countedResource(resources);
    const key = `${role} ${by} ${service} ${action} ${resource}`;
    const known = this.counts.get(key);
    if (known) known.count++;
    else this.counts.set(key, { role, by, service, action, resource, count: 1 });
  }

  list(): CallCount[] {
    return [...this.counts.values()];
  }

  reset(): void {
    this.counts.clear();
  }
}

/** One entry for all connections of an API: a count per connection would grow with every client that ever connected. */
function countedResource(resources: AwsCall['resources']): string {
  const [first] = resources;
  if (resources.length === 1 && first) return first.arn.replace(/(\/@connections\/).+$/, '$1*');
  return [...new Set(resources.map(({ arn }) => arn))].sort().join(',');
}

import { mkdtempSync, rmSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Environment } from '../../infra/settings.ts';
import { settingsOf } from '../../infra/config.ts';
import { notificationApp } from '../../infra/notification-app.ts';

export const root = join(import.meta.dirname, '../..');

/** A resource of the template with its logical id. Its properties are JSON: a test says what it expects in them. */
export type Resource = ReturnType<Template['findResources']>[string] & { id: string };

export interface Statement {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

/** One environment's template, and what the tests ask about it. */
export class Synthesized {
  readonly environment: Environment;
  readonly template: Template;

  constructor(environment: Environment) {
    this.environment = environment;
    this.template = validating(false, () =>
      inApp(environment, (app) => {
        const [stack] = app.synth().stacks;
        if (!stack) throw new Error('The app holds no stack');
        return Template.fromJSON(stack.template);
      }),
    );
  }

  ofType(type: string): Resource[] {
    return Object.entries(this.template.findResources(type)).map(([id, resource]) => ({ ...resource, id }));
  }

  all(): Resource[] {
    const resources: Record<string, Record<string, unknown>> = this.template.toJSON()['Resources'];
    return Object.entries(resources).map(([id, resource]) => ({ ...resource, id }));
  }

  /** The resource a `Ref` or a `Fn::GetAtt` points at. */
  target(reference: unknown): Resource {
    const id = targetId(reference);
    const found = this.all().find((resource) => resource.id === id);
    if (!found) throw new Error(`No resource has the logical id ${id}`);
    return found;
  }

  /** The resource of a type at a path of constructs, as in `Messaging/FifoQueue`. */
  at(path: string, type: string): Resource {
    const prefix = path.replaceAll(/[^A-Za-z0-9]/g, '');
    const found = this.ofType(type).find(({ id }) => id.replace(/[0-9A-F]{8}$/, '') === prefix);
    if (!found) throw new Error(`No ${type} is at ${path}`);
    return found;
  }

  /** The functions by the folder their code is in. */
  functions(): Map<string, Resource> {
    const prefix = `WebSocketNotificationService-${this.environment}-`;
    const named = this.ofType('AWS::Lambda::Function').map((resource): [string, Resource] => [
      String(resource['Properties'].FunctionName).replace(prefix, ''),
      resource,
    ]);
    return new Map(named);
  }

  /** What a function's own role allows, statement by statement. */
  statementsOf(resource: Resource): Statement[] {
    const role = this.target(resource['Properties'].Role);
    return this.ofType('AWS::IAM::Policy')
      .filter(({ Properties }) => Properties.Roles.some((reference: unknown) => targetId(reference) === role.id))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  }

  /** The mappings that feed a function from a queue, or those that feed one from a stream. */
  eventSources(type: 'AWS::SQS::Queue' | 'AWS::DynamoDB::Table'): Resource[] {
    return this.ofType('AWS::Lambda::EventSourceMapping').filter(
      ({ Properties }) => this.target(Properties.EventSourceArn).Type === type,
    );
  }

  /** Folders of the functions whose roles allow an action, on the resource with that logical id if one is given. */
  functionsAllowed(action: string, resourceId?: string): string[] {
    const allows = (statement: Statement): boolean =>
      listed(statement.Action).includes(action) &&
      (resourceId === undefined || JSON.stringify(statement.Resource).includes(`"${resourceId}"`));
    return [...this.functions()]
      .filter(([, resource]) => this.statementsOf(resource).some(allows))
      .map(([name]) => name)
      .sort();
  }
}

/** Makes the app of an environment for one use, with the bundles that `npm run build` wrote. */
export function inApp<T>(environment: Environment, use: (app: App, outdir: string) => T): T {
  const outdir = mkdtempSync(join(tmpdir(), 'notification-assembly-'));
  try {
    const bundles = join(root, 'dist', 'functions');
    const resolvers = join(root, 'dist', 'resolvers');
    const workflows = join(root, 'workflows');
    const schema = readFileSync(join(root, 'schema.graphql'), 'utf8');
    return use(
      notificationApp(outdir, { settings: settingsOf(environment), bundles, resolvers, workflows, schema }),
      outdir,
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** With CDK's own template validation or, since that takes seconds each time, without it. */
export function validating<T>(validate: boolean, run: () => T): T {
  const before = process.env['CDK_VALIDATION'];
  process.env['CDK_VALIDATION'] = String(validate);
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env['CDK_VALIDATION'];
    else process.env['CDK_VALIDATION'] = before;
  }
}

export function targetId(reference: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute } = reference as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  const id = Ref ?? attribute?.[0];
  if (id === undefined) throw new Error(`${JSON.stringify(reference)} points at no resource`);
  return id;
}

export function listed<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Edge, startEdge } from '../../../local/edge/edge.ts';
import { functionsOf, lambdaProperties } from '../../../local/lambda/from-template.ts';
import { Functions } from '../../../local/lambda/functions.ts';
import { lambdaBackend } from '../../../local/lambda/invoke-api.ts';
import { type Logs, logGroupProperties, startLogs } from '../../../local/cloud/start-logs.ts';
import { principalsOf } from '../../../local/cloud/principals.ts';
import { scheduleProperties } from '../../../local/scheduler/from-template.ts';
import { stateMachineProperties, stateMachinesOf } from '../../../local/step-functions/from-template.ts';
import { startTables } from '../../../local/cloud/start-tables.ts';
import { tableProperties } from '../../../local/dynamodb/tables.ts';
import { readAssembly } from '../../../local/template/assembly.ts';
import { policyProperties, resourcePoliciesOf } from '../../../local/template/policies.ts';
import { resolveStack, type Stack } from '../../../local/template/stack.ts';
import { requireWorkflowRights } from '../../../local/rights/workflow-rights.ts';
import { startWorkflows, type Workflows } from '../../../local/cloud/start-workflows.ts';

type Resource = { Type: string; Properties: Record<string, unknown> };
type Statement = { Action: string | string[]; Resource: unknown; Effect?: string };

export const region = 'us-east-1';
const accountId = '000000000000';
const stackName = 'Small';

export function arnOf(machine: string): string {
  return `arn:aws:states:${region}:${accountId}:stateMachine:${stackName}-${machine}`;
}

/** What a test wants in its template: state machines by name, and more. */
export type SmallTemplate = {
  machines: Record<string, { states: Record<string, object>; statements?: Statement[]; more?: object }>;
  /** Functions by name: the text of their module. */
  functions?: Record<string, string>;
  /** Tables by name, with a key `id`. */
  tables?: string[];
  resources?: Record<string, Resource>;
};

/** The parts of the embedded cloud that state machines need, on a template of the test's own. */
export class SmallCloud {
  readonly folder: string;
  readonly stack: Stack;
  readonly edge: Edge;
  readonly workflows: Workflows;
  readonly logs: Logs;
  /** What failed behind the scenes. */
  readonly errors: Error[];
  readonly #stop: () => Promise<void>;

  private constructor(
    parts: Pick<SmallCloud, 'folder' | 'stack' | 'edge' | 'workflows' | 'logs' | 'errors'>,
    stop: () => Promise<void>,
  ) {
    this.folder = parts.folder;
    this.stack = parts.stack;
    this.edge = parts.edge;
    this.workflows = parts.workflows;
    this.logs = parts.logs;
    this.errors = parts.errors;
    this.#stop = stop;
  }

  /** @param folder continue with the data of an earlier one */
  static async start(
    template: SmallTemplate,
    folder = mkdtempSync(join(tmpdir(), 'small-cloud-')),
  ): Promise<SmallCloud> {
    const errors: Error[] = [];
    const onError = (error: unknown): number => errors.push(error instanceof Error ? error : new Error(String(error)));
    const assembly = readAssembly(writeAssembly(template, folder));
    const stack = resolveStack(
      assembly,
      { stackName, region, accountId },
      {
        ...lambdaProperties,
        ...policyProperties,
        ...scheduleProperties,
        ...stateMachineProperties,
        'AWS::DynamoDB::Table': tableProperties,
        'AWS::Logs::LogGroup': logGroupProperties,
      },
    );
    const machines = stateMachinesOf(stack, assembly);
    const principals = principalsOf(stack);
    const tables = template.tables ? await startTables(stack, folder, onError) : undefined;
    const logs = startLogs(stack, folder);
    const edge = await startEdge({
      ...{ region, accountId, principals, resourcePolicies: resourcePoliciesOf(stack), onError },
      backends: {
        ...(tables && { dynamodb: tables.backend }),
        logs: logs.backend,
        lambda: (call) => lambdaBackend(functions)(call),
        states: (call) => workflows.backend(call),
      },
      onCrash: ({ worker = '' }) => {
        functions.crash(worker);
        workflows.crash(worker);
      },
    });
    const functions = new Functions(functionsOf(stack, assembly), [], edge.port, logs.ofFunction);
    const workflows = startWorkflows({ machines, region, edge, dataFolder: folder, logs: logs.store, onError });
    const stop = async (): Promise<void> => {
      for (const part of [workflows, functions, edge, logs, ...(tables ? [tables] : [])]) await part.stop();
    };
    try {
      requireWorkflowRights(machines, edge.policies);
    } catch (error) {
      await stop();
      throw error;
    }
    workflows.resume();
    return new SmallCloud({ folder, stack, edge, workflows, logs, errors }, stop);
  }

  async stop({ keepData = false } = {}): Promise<void> {
    await this.#stop();
    if (!keepData) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A cloud assembly as `cdk synth` writes one. */
function writeAssembly(template: SmallTemplate, folder: string): string {
  const assembly = join(folder, 'assembly');
  mkdirSync(assembly, { recursive: true });
  const files: Record<string, object> = {};
  const asset = (key: string, path: string): string => {
    files[key] = {
      source: { path, packaging: 'file' },
      destinations: { here: { bucketName: 'assets', objectKey: key } },
    };
    return key;
  };
  const resources: Record<string, Resource> = { ...template.resources };
  const role = (name: string, statements: Statement[]): object => {
    const PolicyDocument = {
      Version: '2012-10-17',
      Statement: statements.map((each) => ({ Effect: 'Allow', ...each })),
    };
    const Policies = statements.length > 0 ? [{ PolicyName: 'own', PolicyDocument }] : [];
    resources[`${name}Role`] = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {}, Policies } };
    return { 'Fn::GetAtt': [`${name}Role`, 'Arn'] };
  };
  for (const [name, { states, statements = [], more }] of Object.entries(template.machines)) {
    const [StartAt] = Object.keys(states);
    const definition = { QueryLanguage: 'JSONata', StartAt, States: states };
    writeFileSync(join(assembly, `${name}.json`), JSON.stringify(definition));
    resources[`${name}Machine`] = {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        StateMachineName: `${stackName}-${name}`,
        StateMachineType: 'EXPRESS',
        DefinitionS3Location: { Bucket: 'assets', Key: asset(`${name}.json`, `${name}.json`) },
        RoleArn: role(name, statements),
        ...more,
      },
    };
  }
  for (const [name, module] of Object.entries(template.functions ?? {})) {
    mkdirSync(join(assembly, name), { recursive: true });
    writeFileSync(join(assembly, name, 'index.mjs'), module);
    resources[`${name}Function`] = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: `${stackName}-${name}`,
        Code: { S3Key: asset(`${name}.zip`, name) },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Role: role(`${name}Function`, []),
      },
    };
  }
  for (const name of template.tables ?? []) {
    resources[name] = {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: name,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    };
  }
  writeFileSync(join(assembly, 'stack.assets.json'), JSON.stringify({ version: '55.0.0', files }));
  writeFileSync(join(assembly, 'stack.template.json'), JSON.stringify({ Resources: resources }));
  const artifacts = {
    [stackName]: { type: 'aws:cloudformation:stack', properties: { templateFile: 'stack.template.json' } },
    assets: { type: 'cdk:asset-manifest', properties: { file: 'stack.assets.json' } },
  };
  writeFileSync(join(assembly, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  return assembly;
}

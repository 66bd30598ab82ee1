import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Aws, Validations } from 'aws-cdk-lib';
import {
  CfnDataSource,
  type CfnDataSourceProps,
  CfnFunctionConfiguration,
  CfnGraphQLApi,
  CfnGraphQLSchema,
  CfnResolver,
} from 'aws-cdk-lib/aws-appsync';
import type { IUserPool, IUserPoolClient } from 'aws-cdk-lib/aws-cognito';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Policy, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allow, indexOf } from './allow.ts';
import { windowSeconds } from './config.ts';
import type { Settings } from './settings.ts';

export interface AccessPlaneProps {
  settings: Pick<Settings, 'environment' | 'logRetention' | 'removalPolicy' | 'rateLimit'>;
  userPool: IUserPool;
  /** The app client whose tokens are taken; machines publish, and do no more. */
  peopleClient: IUserPoolClient;
  tables: Record<
    | 'permissions'
    | 'chats'
    | 'messages'
    | 'connections'
    | 'subscriptions'
    | 'multiPart'
    | 'deadLetters'
    | 'redrives'
    | 'rateLimits',
    ITable
  >;
  /** ARN of the Express workflow that plans, starts and cancels redrives. */
  redriveControl: string;
  /** Text of the GraphQL schema. */
  schema: string;
  /** Folder that holds the resolvers' bundles with their manifest, `npm run build`'s output. */
  bundles: string;
}

/** `manifest.json`: which code makes which field, in which steps, on which data source. */
interface Manifest {
  functions: Record<string, { code: string; dataSource: string }>;
  fields: Record<string, { code: string; dataSource: string } | { code: string; functions: string[] }>;
}

const runtime = { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' };

/**
 * Who may do what, who said what, who is connected: a GraphQL API whose resolvers talk straight to the tables. Made of
 * CloudFormation's own resources: CDK's data sources grant their roles whole families of actions, and its log settings
 * bring a custom resource with rights on every log group.
 */
export class AccessPlane extends Construct {
  readonly url: string;
  readonly apiId: string;
  private readonly props: AccessPlaneProps;
  private readonly api: CfnGraphQLApi;

  constructor(scope: Construct, id: string, props: AccessPlaneProps) {
    super(scope, id);
    this.props = props;
    const logging = new Role(this, 'LoggingRole', { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    this.api = this.graphqlApi(logging);
    Validations.of(this.api).acknowledge({
      id: 'AwsSolutions-ASC3',
      reason: 'Errors are logged; verbose request logs would hold what people wrote to each other.',
    });
    this.url = this.api.attrGraphQlUrl;
    this.apiId = this.api.attrApiId;
    this.log(logging);

    const schema = new CfnGraphQLSchema(this, 'Schema', { apiId: this.api.attrApiId, definition: props.schema });
    this.resolve(schema, this.dataSources());
  }

  private graphqlApi(logging: Role): CfnGraphQLApi {
    const { settings, userPool, peopleClient, tables, redriveControl } = this.props;
    const production = settings.environment === 'production';
    const { permissions } = settings.rateLimit;
    return new CfnGraphQLApi(this, 'Api', {
      name: `${Aws.STACK_NAME}-access-plane`,
      authenticationType: 'AMAZON_COGNITO_USER_POOLS',
      userPoolConfig: {
        userPoolId: userPool.userPoolId,
        awsRegion: Aws.REGION,
        appIdClientRegex: peopleClient.userPoolClientId,
        // Every field says in the schema who may see it; one that forgot is seen by nobody.
        defaultAction: 'DENY',
      },
      environmentVariables: {
        PERMISSIONS_TABLE: tables.permissions.tableName,
        CHATS_TABLE: tables.chats.tableName,
        DEAD_LETTERS_TABLE: tables.deadLetters.tableName,
        REDRIVE_CONTROL: redriveControl,
        PERMISSION_CHANGES_PER_WINDOW: String(Math.min(permissions.burst, permissions.perSecond * windowSeconds)),
      },
      introspectionConfig: production ? 'DISABLED' : 'ENABLED',
      // The deepest query there is: messages, items, customSequence, number. Introspection goes deeper.
      queryDepthLimit: production ? 5 : 15,
      // A request may ask for several fields at once, but not read half a table through aliases.
      resolverCountLimit: 20,
      // With the role that AppSync makes for itself.
      xrayEnabled: true,
      logConfig: {
        cloudWatchLogsRoleArn: logging.roleArn,
        // What resolvers print, and errors; no traces of fields.
        fieldLogLevel: 'INFO',
        // Contexts and results hold what people wrote to each other.
        excludeVerboseContent: true,
      },
    });
  }

  /** The log group AppSync writes to, made here so that it has a retention; and the right to write there, nowhere else. */
  private log(logging: Role): void {
    const { logRetention, removalPolicy } = this.props.settings;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/appsync/apis/${this.api.attrApiId}`,
      retention: logRetention,
      removalPolicy,
    });
    new Policy(this, 'LoggingPolicy', {
      roles: [logging],
      statements: [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn)],
    });
  }

  private dataSources(): Map<string, CfnDataSource> {
    const { permissions, chats, messages, connections, subscriptions, ...others } = this.props.tables;
    const { multiPart, deadLetters, redrives, rateLimits } = others;
    const read = 'dynamodb:GetItem';
    const query = 'dynamodb:Query';
    return new Map([
      // Changes of permissions are transactions over both tables; each of their items needs its own action.
      this.tableSource('Permissions', permissions, [
        allow([read, query], permissions.tableArn),
        allow([query], indexOf(permissions.tableArn, 'byChat')),
        allow(['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'], permissions.tableArn),
        allow(['dynamodb:PutItem', 'dynamodb:UpdateItem'], chats.tableArn),
      ]),
      this.tableSource('Chats', chats, [allow([read], chats.tableArn)]),
      this.tableSource('Messages', messages, [
        allow([read, query], messages.tableArn),
        allow([query], indexOf(messages.tableArn, 'bySequence')),
      ]),
      this.tableSource('Connections', connections, [allow([query], indexOf(connections.tableArn, 'byUser'))]),
      this.tableSource('Subscriptions', subscriptions, [allow([query], subscriptions.tableArn)]),
      this.tableSource('MultiPart', multiPart, [allow([query], multiPart.tableArn)]),
      this.tableSource('DeadLetters', deadLetters, [
        allow(['dynamodb:BatchGetItem', query], deadLetters.tableArn),
        allow([query], indexOf(deadLetters.tableArn, 'waiting')),
      ]),
      this.tableSource('Redrives', redrives, [
        allow([read], redrives.tableArn),
        allow([query], indexOf(redrives.tableArn, 'byTime')),
      ]),
      this.tableSource('RateLimits', rateLimits, [allow(['dynamodb:UpdateItem'], rateLimits.tableArn)]),
      this.workflowSource('RedriveControl', this.props.redriveControl),
    ]);
  }

  private tableSource(name: string, table: ITable, statements: PolicyStatement[]): [string, CfnDataSource] {
    const dynamoDbConfig = { tableName: table.tableName, awsRegion: Aws.REGION };
    return this.dataSource(name, statements, { type: 'AMAZON_DYNAMODB', dynamoDbConfig });
  }

  /**
   * An Express workflow that a field waits for: Step Functions' own HTTP endpoint, called with the data source's role
   * (https://docs.aws.amazon.com/appsync/latest/devguide/tutorial-http-resolvers-js.html, "Invoking AWS Services").
   */
  private workflowSource(name: string, workflowArn: string): [string, CfnDataSource] {
    return this.dataSource(name, [allow(['states:StartSyncExecution'], workflowArn)], {
      type: 'HTTP',
      httpConfig: {
        endpoint: `https://sync-states.${Aws.REGION}.amazonaws.com/`,
        authorizationConfig: {
          authorizationType: 'AWS_IAM',
          awsIamConfig: { signingRegion: Aws.REGION, signingServiceName: 'states' },
        },
      },
    });
  }

  private dataSource(
    name: string,
    statements: PolicyStatement[],
    target: Pick<CfnDataSourceProps, 'type' | 'dynamoDbConfig' | 'httpConfig'>,
  ): [string, CfnDataSource] {
    const role = new Role(this, `${name}Role`, { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    for (const statement of statements) role.addToPolicy(statement);
    const { attrApiId: apiId } = this.api;
    return [name, new CfnDataSource(this, name, { apiId, name, serviceRoleArn: role.roleArn, ...target })];
  }

  private resolve(schema: CfnGraphQLSchema, dataSources: Map<string, CfnDataSource>): void {
    const { bundles } = this.props;
    const code = (file: string): string => readFileSync(join(bundles, file), 'utf8');
    const manifest = JSON.parse(code('manifest.json')) as Manifest;
    const apiId = this.api.attrApiId;
    const functions = new Map(
      Object.entries(manifest.functions).map(([name, { code: file, dataSource }]) => [
        name,
        new CfnFunctionConfiguration(this, name, {
          apiId,
          name,
          dataSourceName: found(dataSources, dataSource).attrName,
          code: code(file),
          runtime,
        }),
      ]),
    );
    for (const [name, field] of Object.entries(manifest.fields)) {
      const [typeName = '', fieldName = ''] = name.split('.');
      const common = { apiId, typeName, fieldName, code: code(field.code), runtime };
      const resolver =
        'functions' in field
          ? {
              kind: 'PIPELINE',
              pipelineConfig: { functions: field.functions.map((step) => found(functions, step).attrFunctionId) },
            }
          : { kind: 'UNIT', dataSourceName: found(dataSources, field.dataSource).attrName };
      new CfnResolver(this, `${typeName}${fieldName}`, { ...common, ...resolver }).addResourceDependency(schema);
    }
  }
}

function found<Part>(parts: Map<string, Part>, name: string): Part {
  const part = parts.get(name);
  if (!part) throw new Error(`The resolvers' manifest names ${name}, which the API does not have.`);
  return part;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Stack, Validations } from 'aws-cdk-lib';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Environment } from '../../infra/settings.ts';
import { environments } from '../../infra/config.ts';
import { inApp, validating } from './synthesized.ts';

/** What a synthesis found and nobody acknowledged. Errors end the synthesis; warnings only reach its report. */
function findings(app: App, outdir: string): unknown[] {
  app.synth();
  return JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')).pluginReports;
}

/** Synthesizes with a queue added that has these properties, whatever CDK's types say of them. */
function synthesizeWith(app: App, properties: Record<string, unknown>): void {
  const stack = app.node.children.find((construct) => Stack.isStack(construct));
  if (!stack) throw new Error('The app holds no stack');
  const queue = new CfnQueue(stack, 'Wrong');
  for (const [property, value] of Object.entries(properties)) queue.addPropertyOverride(property, value);
  app.synth();
}

describe('the AWS Solutions rules of cdk-nag', () => {
  const check = <T>(environment: Environment, use: (app: App, outdir: string) => T): T =>
    validating(false, () =>
      inApp(environment, (app, outdir) => {
        Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
        return use(app, outdir);
      }),
    );

  it.each(environments)('find nothing in %s that is not acknowledged with a reason', (environment) => {
    expect(check(environment, findings)).toEqual([]);
  });

  it('would find a queue without a dead-letter queue', () => {
    expect(() => check('dev', (app) => synthesizeWith(app, {}))).toThrow('AwsSolutions-SQS3');
  });
});

describe("CDK's validation of the template", () => {
  const check = <T>(environment: Environment, use: (app: App, outdir: string) => T): T =>
    validating(true, () => inApp(environment, use));

  it.each(environments)('accepts %s', (environment) => {
    expect(check(environment, findings)).toEqual([]);
  });

  it('would end a synthesis with a property of the wrong type', () => {
    expect(() => check('dev', (app) => synthesizeWith(app, { VisibilityTimeout: 'soon' }))).toThrow(
      'VisibilityTimeout',
    );
  });
});

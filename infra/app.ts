import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import featureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { settingsOf } from './config.ts';
import { NotificationStack } from './stack.ts';

const root = join(import.meta.dirname, '..');
const { STACK_ENVIRONMENT, CDK_OUTDIR, FUNCTION_BUNDLES, ALLOWED_ORIGINS } = process.env;

const settings = settingsOf(STACK_ENVIRONMENT ?? 'dev');
const app = new App({ analyticsReporting: false, context: featureFlags, outdir: CDK_OUTDIR ?? join(root, 'cdk.out') });
new NotificationStack(app, {
  settings: ALLOWED_ORIGINS ? { ...settings, allowedOrigins: ALLOWED_ORIGINS.split(',') } : settings,
  bundles: FUNCTION_BUNDLES ?? join(root, 'dist', 'functions'),
});
app.synth();

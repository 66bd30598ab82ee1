import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsOf } from './config.ts';
import { notificationApp } from './notification-app.ts';

const root = join(import.meta.dirname, '..');
const { STACK_ENVIRONMENT, CDK_OUTDIR, FUNCTION_BUNDLES, ALLOWED_ORIGINS, RUNBOOK_URL } = process.env;
const settings = settingsOf(STACK_ENVIRONMENT ?? 'dev');

notificationApp(CDK_OUTDIR ?? join(root, 'cdk.out'), {
  settings: {
    ...settings,
    ...(ALLOWED_ORIGINS && { allowedOrigins: ALLOWED_ORIGINS.split(',').map((origin) => origin.trim()) }),
    ...(RUNBOOK_URL && { runbook: RUNBOOK_URL }),
  },
  bundles: FUNCTION_BUNDLES ?? join(root, 'dist', 'functions'),
  resolvers: join(root, 'dist', 'resolvers'),
  workflows: join(root, 'workflows'),
  schema: readFileSync(join(root, 'schema.graphql'), 'utf8'),
}).synth();

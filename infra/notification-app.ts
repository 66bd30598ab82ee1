import { App } from 'aws-cdk-lib';
import featureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import type { NotificationStackProps } from './stack.ts';
import { NotificationStack } from './stack.ts';

/**
 * The CDK app with its one stack. It behaves as CDK recommends today, whatever `cdk.json` a caller has, and that
 * makes a finding of the built-in template validation an error.
 *
 * @param outdir folder to synthesize into
 */
export function notificationApp(outdir: string, props: NotificationStackProps): App {
  const app = new App({ outdir, analyticsReporting: false, context: featureFlags });
  new NotificationStack(app, props);
  return app;
}

import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IAccessLogSettings } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/**
 * An access log with a line of JSON for each request. The fields are given by name and none of them may hold a path
 * with its query, a header or a body: tokens and messages must not reach a log.
 */
export function accessLog(scope: Construct, settings: Settings, fields: readonly string[]): IAccessLogSettings {
  const logGroup = new LogGroup(scope, 'AccessLog', {
    retention: settings.logRetention,
    removalPolicy: settings.removalPolicy,
  });
  const line = Object.fromEntries(fields.map((field) => [inCamelCase(field), `$context.${field}`]));
  return { destination: new LogGroupLogDestination(logGroup), format: AccessLogFormat.custom(JSON.stringify(line)) };
}

/** `error.responseType` as `errorResponseType`: CloudWatch Logs Insights takes a dot for a step into an object. */
function inCamelCase(field: string): string {
  return field.replace(/\.(.)/g, (_, first: string) => first.toUpperCase());
}

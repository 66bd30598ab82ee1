import type { IncomingMessage } from 'node:http';

/** CorsConfiguration of an HTTP API, as far as it is implemented. */
export type CorsRules = {
  AllowOrigins?: string[];
  AllowMethods?: string[];
  AllowHeaders?: string[];
  ExposeHeaders?: string[];
  MaxAge?: number;
};

/**
 * The CORS headers API Gateway adds to an answer; none for a request without an allowed origin.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export function corsHeaders(rules: CorsRules | undefined, request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers;
  const { AllowOrigins = [], AllowMethods = [], AllowHeaders = [], ExposeHeaders = [], MaxAge } = rules ?? {};
  if (!origin || !(AllowOrigins.includes('*') || AllowOrigins.includes(origin))) return {};
  return {
    'access-control-allow-origin': AllowOrigins.includes('*') ? '*' : origin,
    ...(AllowOrigins.includes('*') ? {} : { vary: 'Origin' }),
    ...(ExposeHeaders.length > 0 ? { 'access-control-expose-headers': ExposeHeaders.join(',') } : {}),
    ...(request.method === 'OPTIONS'
      ? {
          'access-control-allow-methods': AllowMethods.join(','),
          'access-control-allow-headers': AllowHeaders.join(','),
          ...(MaxAge === undefined ? {} : { 'access-control-max-age': String(MaxAge) }),
        }
      : {}),
  };
}

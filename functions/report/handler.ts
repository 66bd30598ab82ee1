import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { parseRequest } from '../domain/protocol/parse.ts';
import { ReportRequest } from '../domain/protocol/report-request.ts';
import { reportedLatency } from '../domain/reporting/reported-latency.ts';
import { answerAction } from '../entry/action.ts';
import { invocation } from '../entry/invocation.ts';
import type { SocketEvent } from '../entry/socket.ts';
import { measure } from '../platform/metrics.ts';

/**
 * The action `report`: notes how late a message was, as the client that got it says. Its route has no response, so the
 * client hears nothing of what is returned here, and a report that is refused is only counted. A client can say what it
 * likes, within what can have happened: what comes of it is for charts, and no alarm stands on it alone.
 */
export const handler = invocation(
  async (event: SocketEvent, context: Context): Promise<APIGatewayProxyStructuredResultV2> =>
    answerAction(event, context, 'Failed to take the report', {
      report: async (body) => {
        measure('ReportedLatency', reportedLatency(parseRequest(ReportRequest, body), Date.now()));
        return {};
      },
    }),
);

import type { Cognito } from '../cognito/cognito.ts';
import type { DemoOutputs } from '../demo/outputs.ts';
import type { Edge } from '../edge/edge.ts';
import type { Front } from '../gateway/front.ts';
import type { Outputs } from '../outputs.ts';
import { demoChat, localPassword, localPeople } from '../people.ts';
import type { Stack } from '../template/stack.ts';

/** What a cloud says of itself, once it is there. */
export function outputsOf(stack: Stack, front: Front, edge: Edge, cognito: Cognito): Outputs {
  const clientId = stack.outputs['UserPoolClientId'] ?? '';
  const machine = cognito.clients.find(({ id }) => id === stack.outputs['MachineClientId']);
  return {
    webSocketUrl: `${front.url.replace('http', 'ws')}${stageOf(stack)}`,
    httpUrl: front.url,
    graphqlUrl: `${front.url}/graphql`,
    region: stack.where.region,
    cognito: { endpoint: `${front.url}/cognito`, userPoolId: cognito.poolId, clientId },
    machine: {
      tokenUrl: `${front.url}/cognito/oauth2/token`,
      clientId: machine?.id ?? '',
      clientSecret: machine?.secret ?? '',
    },
    users: cognito.users.map(({ username, userId, groups }) => ({
      username,
      password: localPassword(username),
      userId,
      groups,
    })),
    audit: {
      controlLog: stack.outputs['RedriveControlLog'] ?? '',
      redriveLog: stack.outputs['RedriveLog'] ?? '',
    },
    messageLogs: (stack.outputs['MessageLogs'] ?? '').split(','),
    edge: { url: edge.url },
  };
}

/** Path of the WebSocket API's stage, `/dvl`. */
function stageOf(stack: Stack): string {
  return new URL(stack.outputs['WebSocketUrl'] ?? 'wss://none/').pathname;
}

/** What the demo page needs: of the people those without powers over others. */
export function demoOutputsOf(stack: Stack, cognito: Cognito): DemoOutputs {
  const people = localPeople.filter(({ groups }) => groups.length === 0);
  return {
    chatId: demoChat,
    webSocketPath: stageOf(stack),
    clientId: stack.outputs['UserPoolClientId'] ?? '',
    people: people.map(({ username, role }) => ({
      username,
      password: localPassword(username),
      userId: cognito.users.find((user) => user.username === username)?.userId ?? '',
      ...(role && { role }),
    })),
  };
}

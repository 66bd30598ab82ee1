/**
 * What a running stack says of itself. `.local/outputs.json` has all of it; a deployment's file has neither `users`, `machine` nor `edge`, which
 * exist locally only.
 */
export type Outputs = {
  webSocketUrl: string;
  httpUrl: string;
  graphqlUrl: string;
  region: string;
  cognito: { endpoint: string; userPoolId: string; clientId: string };
  /** Credentials with which a backend gets a token of its own (client credentials). */
  machine: { tokenUrl: string; clientId: string; clientSecret: string };
  users: { username: string; password: string; userId: string; groups: string[] }[];
  /** Names of the logs that tell of redrives: of who ordered them, and of what they did. */
  audit: { controlLog: string; redriveLog: string };
  /** Names of the log groups in which functions tell of messages. */
  messageLogs: string[];
  edge: { url: string };
};

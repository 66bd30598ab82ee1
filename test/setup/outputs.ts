/** A person the suite signs in as. */
export type Person = { username: string; password: string; userId: string; groups: string[] };

/** What a stack says of itself once it runs: the file that `npm start` writes and that a deployment is described by. */
export type Outputs = {
  webSocketUrl: string;
  httpUrl: string;
  graphqlUrl: string;
  region: string;
  cognito: { endpoint?: string; userPoolId: string; clientId: string };
  /** Credentials of a backend, for client-credentials tokens. */
  machine?: { tokenUrl: string; clientId: string; clientSecret: string };
  users: Person[];
  /** The embedded cloud's control surface; a deployed stack has none. */
  edge?: { url: string };
};

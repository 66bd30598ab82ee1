/** A local person as the demo page needs them. */
export interface DemoPerson {
  username: string;
  password: string;
  userId: string;
  /** Their role in the demo's chat; absent for somebody who has none. */
  role?: string;
}

/** What `/demo/outputs.json` tells the demo page: whom it can sign in, and where. It exists locally only. */
export interface DemoOutputs {
  chatId: string;
  /** Path of the WebSocket API on the page's own host. */
  webSocketPath: string;
  /** The people's app client in the user pool. */
  clientId: string;
  people: DemoPerson[];
}

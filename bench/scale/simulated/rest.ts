/** What no simulation comes to: nobody is gone, nobody is closed, and nobody reads the log. */
const ignore = (): void => undefined;

export const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
export const [count, measure] = [ignore, ignore];
export const errorSummary = (error: unknown): { name: string } => ({ name: String(error) });
export const deleteRows = async (): Promise<void> => undefined;
export const closeSocket = async (connectionId: string): Promise<void> => {
  throw new Error(`${connectionId} was given up.`);
};

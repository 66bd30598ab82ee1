import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What runs on a data folder of its own. After a restart its fields are those of the new run. */
export type OnScratchData<Running> = Running & {
  dataFolder: string;
  /** Ends it and starts it again on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts something on an empty data folder, which goes when it stops.
 * @param name begins the folder's name
 */
export async function onScratchData<Running extends object>(
  name: string,
  start: (dataFolder: string) => Promise<{ running: Running; end(): Promise<void> }>,
): Promise<OnScratchData<Running>> {
  const dataFolder = mkdtempSync(join(tmpdir(), `${name}-`));
  let current = await start(dataFolder);
  const scratch: OnScratchData<Running> = {
    ...current.running,
    dataFolder,
    async restart() {
      await current.end();
      current = await start(dataFolder);
      Object.assign(scratch, current.running);
    },
    async stop() {
      await current.end();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
  return scratch;
}

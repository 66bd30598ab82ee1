import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another embedded cloud already runs on the folder. */
export class DataFolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(
      `${folder} is in use by process ${pid}. Stop it (Ctrl-C there), or choose another folder: npm start -- --data FOLDER`,
    );
  }
}

/**
 * Takes the data folder for this process, so that two clouds never write the same files.
 * @param fresh empty it first
 * @returns what gives it back
 * @throws DataFolderInUse
 */
export function takeDataFolder(folder: string, fresh: boolean): () => void {
  const lock = join(folder, 'lock');
  const owner = ownerOf(lock);
  if (owner !== undefined && isRunning(owner)) throw new DataFolderInUse(folder, owner);
  if (fresh) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(lock, String(process.pid));
  return () => rmSync(lock, { force: true });
}

function ownerOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

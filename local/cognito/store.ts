import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataStore, DataStoreFactory } from './library.ts';

/**
 * Keeps each of cognito-local's databases in a JSON file, in place of the library's own store, which rewrites the file in place: killed in the
 * middle, it would lose every user.
 */
export class JsonFileStores implements DataStoreFactory {
  private readonly folder: string;
  private readonly open = new Map<string, JsonFile>();

  constructor(folder: string) {
    this.folder = folder;
  }

  async create(_context: unknown, id: string, defaults: object): Promise<DataStore> {
    const known = this.open.get(id);
    if (known) return known;
    const path = join(this.folder, `${id}.json`);
    const file = new JsonFile(path, { ...defaults, ...(await readJson(path)) });
    this.open.set(id, file);
    await file.save();
    return file;
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    await Promise.all([...this.open.values()].map((file) => file.save()));
  }
}

type Tree = Record<string, unknown>;

class JsonFile implements DataStore {
  private readonly path: string;
  private readonly root: Tree;
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  constructor(path: string, root: Tree) {
    this.path = path;
    this.root = root;
  }

  async get(_context: unknown, key: string | string[], fallback: unknown = null): Promise<unknown> {
    return toPath(key).reduce<unknown>((node, name) => childOf(node, name), this.root) ?? fallback;
  }

  async getRoot(): Promise<unknown> {
    return this.root;
  }

  async set(_context: unknown, key: string | string[], value: unknown): Promise<void> {
    const { parent, name } = this.parentOf(key);
    parent[name] = value;
    await this.save();
  }

  async delete(_context: unknown, key: string | string[]): Promise<void> {
    const { parent, name } = this.parentOf(key);
    Reflect.deleteProperty(parent, name);
    await this.save();
  }

  /** Writes the state as it is when the write begins; changes that come meanwhile share the next write. */
  save(): Promise<void> {
    this.next ??= this.writing.then(() => {
      this.next = undefined;
      const written = this.write();
      // A failed write is its callers' to hear of; the next one tries anew.
      this.writing = written.catch(() => undefined);
      return written;
    });
    return this.next;
  }

  private async write(): Promise<void> {
    const draft = `${this.path}.draft`;
    // Readable by its owner only: cognito-local keeps passwords as they are.
    await writeFile(draft, JSON.stringify(this.root, undefined, 1), { mode: 0o600 });
    await rename(draft, this.path);
  }

  private parentOf(key: string | string[]): { parent: Tree; name: string } {
    const path = toPath(key);
    const name = path.pop() ?? '';
    let parent = this.root;
    for (const step of path) {
      const child = childOf(parent, step) ?? Object.create(null);
      parent[step] = child;
      parent = child as Tree;
    }
    return { parent, name };
  }
}

const toPath = (key: string | string[]): string[] => (Array.isArray(key) ? [...key] : [key]);

/** Own properties only: a user may be called `constructor`. */
function childOf(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, name) ? (node as Tree)[name] : undefined;
}

async function readJson(path: string): Promise<Tree> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  // cognito-local names every date ...Date, and nothing else.
  return JSON.parse(text, (key, value: unknown) =>
    key.endsWith('Date') && typeof value === 'string' ? new Date(value) : value,
  ) as Tree;
}

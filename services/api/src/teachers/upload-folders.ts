import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = 'teacher-';

/** No upload takes as long: what is older was left by a process that died. One day, in milliseconds. */
const STALE_MS = 86_400_000;

/** Folders under DATA_DIR/tmp that uploaded teachers are received in. */
export class UploadFolders {
  readonly #root: string;

  constructor(dataDir: string) {
    this.#root = join(dataDir, 'tmp');
  }

  /** Gives `work` an empty folder, and removes it afterwards. */
  async use<T>(work: (folder: string) => Promise<T>): Promise<T> {
    await mkdir(this.#root, { recursive: true });
    const folder = await mkdtemp(join(this.#root, PREFIX));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes what processes that died left behind more than a day ago. @returns how many folders */
  async removeStale(): Promise<number> {
    const names = await readdir(this.#root).catch(() => []);
    let removed = 0;
    for (const name of names.filter((each) => each.startsWith(PREFIX))) {
      const folder = join(this.#root, name);
      const found = await stat(folder).catch(() => undefined); // Another process may be removing it.
      if (found === undefined || found.mtimeMs > Date.now() - STALE_MS) continue;
      await rm(folder, { recursive: true, force: true });
      removed++;
    }
    return removed;
  }
}

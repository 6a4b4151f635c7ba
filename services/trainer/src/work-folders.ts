import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '@retort/platform';

/** Scratch folders `root/<id>.<epoch>`, named so that the next attempt can tidy up after one that was killed. */
export class WorkFolders {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Gives `work` an empty folder, and removes it afterwards. */
  async use<T>(claim: Claim, work: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.#root, `${claim.id}.${claim.epoch}`);
    await this.#removeAll(claim.id);
    await mkdir(folder, { recursive: true });
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Only the holder of the claim calls this, so whatever is there belongs to attempts that are void. */
  async #removeAll(id: string): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    const old = names.filter((name) => name.startsWith(`${id}.`));
    await Promise.all(old.map((name) => rm(join(this.#root, name), { recursive: true, force: true })));
  }
}

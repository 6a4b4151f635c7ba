import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const SUFFIX = '.checkpoint';

/** Files `root/<id>.checkpoint` that outlive an attempt, so that the next one on this disk goes on from them. */
export class CheckpointFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Where the checkpoint of a training is kept; its folder exists. */
  async path(id: string): Promise<string> {
    await mkdir(this.#root, { recursive: true });
    return this.#of(id);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#of(id), { force: true });
  }

  /** Removes those of trainings that are over, which another worker or the sweeper has ended. */
  async removeStale(isOver: (id: string) => Promise<boolean>): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    for (const name of names.filter((name) => name.endsWith(SUFFIX))) {
      const id = name.slice(0, -SUFFIX.length);
      if (await isOver(id)) await this.remove(id);
    }
  }

  #of(id: string): string {
    return join(this.#root, `${id}${SUFFIX}`);
  }
}

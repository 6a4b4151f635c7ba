import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '@retort/platform';

/** Ends the names of checkpoints; scratch folders end in a number. */
const CHECKPOINT = '.checkpoint';

/**
 * Scratch folders `root/<id>.<epoch>`, named so that the next attempt can tidy up after one that was killed, and beside them one
 * checkpoint `root/<id>.checkpoint` for each job, which outlives its attempts.
 */
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

  /** Where the job keeps the state of its training from one attempt to the next. */
  checkpointOf({ id }: Claim): string {
    return join(this.#root, id + CHECKPOINT);
  }

  /** Ids of the jobs that have a checkpoint here, or what a writer that was killed left of one. */
  async checkpointed(): Promise<string[]> {
    const ids = (await this.#names()).map((name) => /^(.+)\.checkpoint(\..+)?$/.exec(name)?.[1]);
    return [...new Set(ids)].filter((id) => id !== undefined);
  }

  /** To be called when the job has ended: no attempt will go on from it. */
  async removeCheckpoint(id: string): Promise<void> {
    await this.#remove((name) => name.startsWith(id + CHECKPOINT));
  }

  /** Only the holder of the claim calls this, so whatever is there belongs to attempts that are void. */
  async #removeAll(id: string): Promise<void> {
    await this.#remove((name) => name.startsWith(`${id}.`) && !name.startsWith(id + CHECKPOINT));
  }

  async #remove(matches: (name: string) => boolean): Promise<void> {
    const old = (await this.#names()).filter(matches);
    await Promise.all(old.map((name) => rm(join(this.#root, name), { recursive: true, force: true })));
  }

  #names(): Promise<string[]> {
    return readdir(this.#root).catch(() => []);
  }
}

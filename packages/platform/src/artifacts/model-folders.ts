import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFile } from '@retort/contracts';
import { materializeFolder } from './folders.js';
import type { ArtifactStore } from './store.js';

/**
 * Local copies of stored model folders, each made once: `root/<digest of its file list>`. Written beside and then
 * renamed, so that a folder which is there is complete, also with several processes at the same root.
 */
export class ModelFolders {
  readonly #store: ArtifactStore;
  readonly #root: string;
  readonly #pending = new Map<string, Promise<string>>();

  constructor(store: ArtifactStore, root: string) {
    this.#store = store;
    this.#root = root;
  }

  /**
   * The folder that holds exactly `files`, each checked against its digest when it was copied.
   *
   * @throws RetortError `RT_NOT_FOUND` for a file that is not in the store, `RT_INTERNAL` for one whose stored bytes are
   * corrupt
   */
  get(files: readonly ModelFile[]): Promise<string> {
    const list = files.map(({ path, digest }) => `${path} ${digest}\n`).sort();
    const key = createHash('sha256').update(list.join('')).digest('hex');
    let folder = this.#pending.get(key);
    if (folder === undefined) {
      folder = this.#copy(files, join(this.#root, key)).finally(() => this.#pending.delete(key));
      this.#pending.set(key, folder);
    }
    return folder;
  }

  async #copy(files: readonly ModelFile[], folder: string): Promise<string> {
    if (await exists(folder)) return folder;
    await mkdir(this.#root, { recursive: true });
    const temporary = `${folder}.${randomUUID()}`;
    try {
      await materializeFolder(this.#store, files, temporary);
      await rename(temporary, folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another process was first: its copy is as good.
      if (!(await exists(folder))) throw error;
    }
    return folder;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

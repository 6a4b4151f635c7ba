import { join } from 'node:path';
import { RetortError, type StoredTeacherManifest } from '@retort/contracts';
import { ModelFolders, type Prisma } from '@retort/platform';
import { ResourcePool } from '@retort/runtime';
import { type Classification, openTextClassifier, type TextClassifier } from '@retort/text';
import type { ApiContext } from '../context.js';

/** Teachers are large: few stay open, and none for long. */
const OPEN_TEACHERS = 2;
const IDLE_MS = 5 * 60_000;

/** Asks teachers directly, each in a thread of its own that is opened at the first question. */
export class TeacherPredictor {
  readonly #folders: ModelFolders;
  readonly #pool = new ResourcePool<TextClassifier>({ capacity: OPEN_TEACHERS, idleMs: IDLE_MS });

  constructor({ artifacts, config }: Pick<ApiContext, 'artifacts' | 'config'>) {
    this.#folders = new ModelFolders(artifacts, join(config.dataDir, 'models'));
  }

  /** @throws RetortError `RT_CONFLICT` for a teacher that is not ready */
  async classify(
    teacher: Prisma.TeacherGetPayload<object>,
    texts: string[],
    options: { topK?: number; signal?: AbortSignal },
  ): Promise<Classification[]> {
    const { classifier } = teacher.manifest as unknown as StoredTeacherManifest;
    if (teacher.status !== 'ready' || teacher.digest === null || classifier === null) {
      throw new RetortError('RT_CONFLICT', `The teacher "${teacher.id}" is ${teacher.status}, so it cannot answer.`);
    }
    const open = async () => openTextClassifier(await this.#folders.get(classifier.files), { placement: 'thread' });
    return this.#pool.use(teacher.digest, open, (model) => model.classify(texts, options));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

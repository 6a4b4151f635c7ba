import { join } from 'node:path';
import { type ModelFile, RetortError, type StoredTeacherManifest } from '@retort/contracts';
import type { ModelFolders } from '@retort/platform';
import { ResourcePool } from '@retort/runtime';
import { openTeacher, type Teacher } from '@retort/teachers';

/** The columns of a teacher that say what answers. */
export interface TeacherRow {
  id: string;
  digest: string | null;
  labels: string[];
  manifest: unknown;
}

/** Teachers that nobody asked for this long are closed, in milliseconds. */
const IDLE_MS = 10 * 60_000;

export interface TeacherPoolOptions {
  folders: Pick<ModelFolders, 'get'>;
  /** CPU threads of each session. */
  threads: number;
  /** Teachers kept open. At least 1. */
  capacity: number;
}

/** Open teachers by digest, each with its session in a worker thread, so that one shard after another finds it warm. */
export class TeacherPool {
  readonly #folders: Pick<ModelFolders, 'get'>;
  readonly #threads: number;
  readonly #open: ResourcePool<Teacher>;

  constructor({ folders, threads, capacity }: TeacherPoolOptions) {
    this.#folders = folders;
    this.#threads = threads;
    this.#open = new ResourcePool({ capacity, idleMs: IDLE_MS });
  }

  /**
   * Calls `work` with the teacher.
   *
   * @throws RetortError `RT_INVALID_TEACHER` when it cannot be opened or is not what was registered
   */
  async use<T>(row: TeacherRow, work: (teacher: Teacher) => Promise<T>): Promise<T> {
    const { classifier } = row.manifest as StoredTeacherManifest;
    if (row.digest === null || classifier === null) {
      throw new RetortError('RT_INVALID_TEACHER', `Teacher ${row.id} has no trained head yet.`);
    }
    const { files } = classifier;
    return this.#open.use(
      row.digest,
      () => this.#openFrom(files),
      async (teacher) => {
        checkIdentity(teacher, row);
        return work(teacher);
      },
    );
  }

  async #openFrom(files: ModelFile[]): Promise<Teacher> {
    const folder = await this.#folders.get(files);
    try {
      return await openTeacher(folder, { threads: this.#threads });
    } catch (error) {
      throw error instanceof RetortError ? withoutFolder(error, folder) : error;
    }
  }

  /** Closes all of them, when their users are done. */
  async close(): Promise<void> {
    await this.#open.close();
  }
}

/** The owner of a teacher knows its files by their names, not the folder that this machine copied them to. */
function withoutFolder(error: RetortError, folder: string): RetortError {
  const detail = error.message.replaceAll(join(folder, '/'), '');
  return new RetortError(error.code, detail, { problems: error.problems, cause: error });
}

/** Soft labels are kept under the digest and read by the order of the labels: both have to be the registered ones. */
function checkIdentity(teacher: Teacher, row: TeacherRow): void {
  const sameLabels =
    teacher.labels.length === row.labels.length && teacher.labels.every((label, i) => label === row.labels[i]);
  if (sameLabels && teacher.digest === row.digest) return;
  const detail = `The files of teacher ${row.id} are not what was registered; register it again.`;
  throw new RetortError('RT_INVALID_TEACHER', detail);
}

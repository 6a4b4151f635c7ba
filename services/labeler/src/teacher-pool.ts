import { RetortError, type StoredTeacherManifest } from '@retort/contracts';
import type { ModelFolders } from '@retort/platform';
import { openTeacher, type Teacher } from '@retort/teachers';

/** The columns of a teacher that say what answers. */
export interface TeacherRow {
  id: string;
  digest: string | null;
  labels: string[];
  manifest: unknown;
}

interface Entry {
  teacher: Promise<Teacher>;
  users: number;
}

export interface TeacherPoolOptions {
  folders: Pick<ModelFolders, 'get'>;
  /** CPU threads of each session. */
  threads: number;
  /** Teachers kept open; more only while more are in use at once. At least 1. */
  maxOpen: number;
  onError: (error: unknown) => void;
}

/**
 * Open teachers by digest, each with its session in a worker thread. The least recently used ones that nobody uses are
 * closed when there are more than `maxOpen`.
 */
export class TeacherPool {
  readonly #options: TeacherPoolOptions;
  /** In the order of last use. */
  readonly #open = new Map<string, Entry>();

  constructor(options: TeacherPoolOptions) {
    this.#options = options;
  }

  /**
   * Calls `work` with the teacher open, and keeps it open for the next.
   *
   * @throws RetortError `RT_INVALID_TEACHER` when it cannot be opened or is not what was registered
   */
  async use<T>(row: TeacherRow, work: (teacher: Teacher) => Promise<T>): Promise<T> {
    const digest = row.digest;
    if (digest === null) throw new RetortError('RT_INVALID_TEACHER', `Teacher ${row.id} has no trained head yet.`);
    const entry = this.#open.get(digest) ?? { teacher: this.#openFrom(row), users: 0 };
    this.#open.delete(digest);
    this.#open.set(digest, entry);
    entry.users++;
    try {
      return await work(await entry.teacher);
    } catch (error) {
      // Its thread may be gone: the next one to ask gets a new session.
      const stopped = error instanceof RetortError && error.code === 'RT_CANCELLED';
      if (!stopped && this.#open.get(digest) === entry) this.#open.delete(digest);
      throw error;
    } finally {
      entry.users--;
      if (entry.users === 0 && this.#open.get(digest) !== entry) this.#close(entry);
      this.#shrink();
    }
  }

  /** Closes all of them. Nobody may use the pool any more. */
  async close(): Promise<void> {
    const entries = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(entries.map(async ({ teacher }) => (await teacher).close()));
  }

  async #openFrom(row: TeacherRow): Promise<Teacher> {
    const { classifier } = row.manifest as StoredTeacherManifest;
    if (classifier === null) throw new RetortError('RT_INVALID_TEACHER', `Teacher ${row.id} has no trained head yet.`);
    const folder = await this.#options.folders.get(classifier.files);
    const teacher = await openTeacher(folder, { threads: this.#options.threads });
    const same =
      teacher.labels.length === row.labels.length && teacher.labels.every((label, i) => label === row.labels[i]);
    if (!same || teacher.digest !== row.digest) {
      await teacher.close();
      throw new RetortError(
        'RT_INVALID_TEACHER',
        `The files of teacher ${row.id} do not answer as registered; register it again.`,
      );
    }
    return teacher;
  }

  #shrink(): void {
    for (const [digest, entry] of this.#open) {
      if (this.#open.size <= this.#options.maxOpen) return;
      if (entry.users > 0) continue;
      this.#open.delete(digest);
      this.#close(entry);
    }
  }

  #close(entry: Entry): void {
    const closed = entry.teacher.then(
      (teacher) => teacher.close(),
      () => undefined, // It never opened; whoever asked has been told.
    );
    closed.catch(this.#options.onError);
  }
}

import { RetortError, type Row, type StoredTeacherManifest } from '@retort/contracts';
import {
  checkTeachers,
  foreignLabel,
  generateTransferSet,
  resolveSpec,
  teacherAnswers,
  transferSetToGenerate,
} from '@retort/distill';
import {
  type CanonicalRows,
  type Context,
  findTransferSet,
  type ModelFolders,
  noteTransferSet,
  type ShardWork,
  type TaskShard,
  teachersOf,
} from '@retort/platform';
import type { TeacherPool } from './teacher-pool.js';

type Distillation = ShardWork['distillation'];

export interface TransferSetDeps {
  context: Pick<Context, 'database' | 'artifacts' | 'softLabels'>;
  rows: CanonicalRows;
  teachers: TeacherPool;
  models: Pick<ModelFolders, 'get'>;
}

/**
 * Gives the generated rows of distillations. The labeler that needs them first makes all of them and stores them; they follow from the
 * distillation's row alone, so that a second one that is as early, or the next after one that died, makes the same bytes.
 */
export class TransferSets {
  readonly #deps: TransferSetDeps;
  /** What is being made by this process, by the distillation's id: shards beside each other wait for one of them. */
  readonly #making = new Map<string, Promise<string>>();

  constructor(deps: TransferSetDeps) {
    this.#deps = deps;
  }

  /** The rows of a shard: those of the data set, and, where it reaches beyond them, generated ones. */
  async shardRows(
    { distillation, part }: { distillation: Distillation; part: Pick<TaskShard, 'dataset' | 'start' | 'end'> },
    signal: AbortSignal,
  ): Promise<Row[]> {
    const { rows } = this.#deps;
    const { dataset, start, end } = part;
    const given =
      start < dataset.rows ? await rows.read(dataset.rowsDigest, start, Math.min(end, dataset.rows), signal) : [];
    if (end <= dataset.rows) return given;
    const digest = await this.#digestOf(distillation, signal);
    return [...given, ...(await rows.read(digest, Math.max(0, start - dataset.rows), end - dataset.rows, signal))];
  }

  async #digestOf(distillation: Distillation, signal: AbortSignal): Promise<string> {
    const { id } = distillation;
    for (;;) {
      const other = this.#making.get(id);
      if (other === undefined) break;
      try {
        return await other;
      } catch {
        // It was stopped, or failed: if this one was not, it tries by itself and hears why.
        signal.throwIfAborted();
      }
    }
    const making = this.#findOrMake(distillation, signal).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #findOrMake(distillation: Distillation, signal: AbortSignal): Promise<string> {
    const { database, artifacts, softLabels } = this.#deps.context;
    const { id, dataset, teacher: row } = distillation;
    const found = await findTransferSet(database, id);
    if (found !== undefined) return found.digest;
    const whole = resolveSpec(distillation.spec);
    const { training, ensemble, outOfScope } = whole;
    const spec = transferSetToGenerate(whole);
    const { classifier } = row.manifest as unknown as StoredTeacherManifest;
    if (spec === undefined || classifier === null) {
      throw new RetortError('RT_INTERNAL', `Distillation ${id} has shards beyond its data, but nothing to generate.`);
    }
    const rows = await this.#deps.rows.read(dataset.rowsDigest, 0, dataset.rows, signal);
    const { labels } = checkTeachers(
      ensemble,
      teachersOf(distillation).map((teacher) => teacher.labels),
    );
    const foreign = foreignLabel(labels, outOfScope);
    const { answers, asked } = await this.#deps.teachers.use(row, (teacher) =>
      teacherAnswers({ rows, spec, teacher, cache: softLabels, foreign, signal }),
    );
    const teacherDir = await this.#deps.models.get(classifier.files);
    const seed = spec.seed ?? training.seed;
    const made = await generateTransferSet({ rows, spec, teacherDir, seed, foreign, answers, signal });
    const { digest } = await artifacts.put(jsonl(made.rows), { signal });
    await noteTransferSet(
      database,
      { id, rows: dataset.rows },
      { digest, rows: made.rows.length, rounds: made.rounds, asked, counts: made.counts },
    );
    return digest;
  }
}

/** Canonical rows, some at a time: `{text, label?, split}` a line, each ended by a newline. */
async function* jsonl(rows: readonly Row[]): AsyncGenerator<Uint8Array> {
  const lines = 1024;
  for (let start = 0; start < rows.length; start += lines) {
    const part = rows.slice(start, start + lines);
    yield Buffer.from(part.map(({ text, label, split }) => `${JSON.stringify({ text, label, split })}\n`).join(''));
  }
}

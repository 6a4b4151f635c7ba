import { join } from 'node:path';
import { RetortError } from '@retort/contracts';
import { ModelFolders } from '@retort/platform';
import { getModel, type ModelVersion } from '@retort/registry';
import { ResourcePool } from '@retort/runtime';
import { openTextClassifier } from '@retort/text';
import type { InferenceContext } from './context.js';
import type { InferenceMetrics } from './metrics.js';
import { SharedModels } from './shared-models.js';
import { Student } from './student.js';

/** Rows of models that are remembered: they never change. */
const REMEMBERED = 1000;

/** Opens model versions as students: files from the artifact store to a local folder, then a thread for each folder. */
export class Students {
  readonly #context: InferenceContext;
  readonly #metrics: InferenceMetrics;
  readonly #folders: ModelFolders;
  readonly #shared: SharedModels;
  readonly #pool: ResourcePool<Student>;
  readonly #models = new Map<string, ModelVersion>();

  constructor(context: InferenceContext, metrics: InferenceMetrics) {
    this.#context = context;
    this.#metrics = metrics;
    this.#folders = new ModelFolders(context.artifacts, join(context.config.dataDir, 'models'));
    this.#shared = new SharedModels({ threads: context.config.inferenceThreads, placement: 'thread' });
    this.#pool = new ResourcePool({ capacity: context.config.maxLoadedModels });
  }

  /** Model versions that are open. */
  get open(): string[] {
    return this.#pool.keys;
  }

  /** @throws RetortError `RT_NOT_FOUND` */
  async find(id: string): Promise<ModelVersion> {
    const known = this.#models.get(id);
    if (known !== undefined) return known;
    const model = await getModel(this.#context.database.prisma, id);
    if (this.#models.size >= REMEMBERED) this.#models.clear();
    this.#models.set(id, model);
    return model;
  }

  /** Runs `work` with the student of a model version, which stays open at least as long. */
  async use<T>(model: ModelVersion, work: (student: Student) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.use(model.id, () => this.#openStudent(model), work);
    } catch (error) {
      // Something is wrong with it: the next request opens it afresh, unless other versions hold the same folder.
      if (!(error instanceof RetortError)) this.#pool.retire(model.id);
      throw error;
    }
  }

  /** Closes the student of a model version once its last answer is given. */
  retire(id: string): void {
    this.#pool.retire(id);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #openStudent(model: ModelVersion): Promise<Student> {
    const { logger } = this.#context;
    const begun = performance.now();
    const folder = await this.#folders.get(model.files);
    const classifier = await openTextClassifier(folder, {
      openModel: (path) => this.#shared.open(path),
      // A folder of several tasks is asked for this one.
      task: 'tasks' in model.lineage ? model.taskName : undefined,
    });
    const batches = this.#metrics.batchSize.labels({ task: model.taskName });
    const student = new Student(classifier, (size) => batches.observe(size));
    try {
      // The first run of a session is its slowest: no request should pay for it.
      await student.classify(['warm up'], 1);
    } catch (error) {
      await student.close();
      throw error;
    }
    const { id, taskName: task, version } = model;
    logger.info({ task, version, model: id, ms: Math.round(performance.now() - begun) }, 'a student is open');
    return student;
  }
}

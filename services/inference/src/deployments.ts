import { RetortError } from '@retort/contracts';
import { type ModelVersion, resolveAlias } from '@retort/registry';
import type { InferenceContext } from './context.js';
import type { Students } from './students.js';

/** Between two looks at the aliases, in milliseconds. */
const POLL_MS = 500;

/** After a model could not be opened, it is tried again this much later, in milliseconds. */
const RETRY_MS = 10_000;

/**
 * Knows which model version answers for each alias, and follows changes.
 *
 * A changed alias is switched only when its new student is open and warm; until then the old one answers. So no request
 * waits for a deployment, and one that cannot be opened (reported, and tried again) does not take the old one's place.
 */
export class Deployments {
  readonly #context: InferenceContext;
  readonly #students: Students;
  readonly #serving = new Map<string, ModelVersion>();
  readonly #switching = new Map<string, Promise<ModelVersion>>();
  /** When to try again what could not be opened, by alias and model. */
  readonly #retryAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #closed = false;

  constructor(context: InferenceContext, students: Students) {
    this.#context = context;
    this.#students = students;
  }

  /** Begins to follow the aliases; opens the students of all of them, one after the other. Without effect the second time. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    void this.#tick();
  }

  /**
   * The model version that answers for an alias.
   *
   * @throws RetortError `RT_NOT_FOUND` for an unknown task, `RT_NO_MODEL` for an alias that points at nothing
   */
  async resolve(task: string, alias: string): Promise<ModelVersion> {
    this.start();
    const serving = this.#serving.get(keyOf(task, alias));
    if (serving !== undefined) return serving;
    const model = await resolveAlias(this.#context.database.prisma, task, alias);
    if (model !== undefined) return this.#switch(task, alias, model.id);
    const known = await this.#context.database.prisma.task.findUnique({
      where: { name: task },
      select: { name: true },
    });
    if (known === null) throw new RetortError('RT_NOT_FOUND', `There is no task "${task}".`);
    throw new RetortError('RT_NO_MODEL', `The alias "${alias}" of the task "${task}" points at no model version.`);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    try {
      await this.#follow();
    } catch (error) {
      // What is deployed goes on answering while the database is away.
      this.#context.logger.warn({ err: error }, 'the aliases could not be read');
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#tick(), POLL_MS).unref();
  }

  async #follow(): Promise<void> {
    const aliases = await this.#context.database.prisma.alias.findMany({
      select: { taskName: true, alias: true, modelId: true },
      orderBy: { updatedAt: 'desc' },
    });
    for (const { taskName, alias, modelId } of aliases) {
      if (this.#closed) return;
      const job = jobOf(taskName, alias, modelId);
      if (this.#serving.get(keyOf(taskName, alias))?.id === modelId || (this.#retryAt.get(job) ?? 0) > Date.now())
        continue;
      try {
        await this.#switch(taskName, alias, modelId);
        this.#retryAt.delete(job);
      } catch (error) {
        this.#retryAt.set(job, Date.now() + RETRY_MS);
        this.#context.logger.error({ err: error, task: taskName, alias, model: modelId }, 'a model cannot be deployed');
      }
    }
  }

  /** Opens the student, then lets the alias point at it. Concurrent calls for one alias and model share the work. */
  #switch(task: string, alias: string, modelId: string): Promise<ModelVersion> {
    const job = jobOf(task, alias, modelId);
    const running = this.#switching.get(job);
    if (running !== undefined) return running;
    const promise = this.#open(task, alias, modelId).finally(() => this.#switching.delete(job));
    this.#switching.set(job, promise);
    return promise;
  }

  async #open(task: string, alias: string, modelId: string): Promise<ModelVersion> {
    const model = await this.#students.find(modelId);
    await this.#students.use(model, async () => {});
    const key = keyOf(task, alias);
    const previous = this.#serving.get(key);
    this.#serving.set(key, model);
    if (previous !== undefined && previous.id !== modelId) {
      const { logger } = this.#context;
      logger.info({ task, alias, from: previous.version, to: model.version }, 'another version answers now');
      const needed = [...this.#serving.values()].some(({ id }) => id === previous.id);
      if (!needed) this.#students.retire(previous.id);
    }
    return model;
  }
}

const keyOf = (task: string, alias: string) => `${task} ${alias}`;
const jobOf = (task: string, alias: string, modelId: string) => `${keyOf(task, alias)} ${modelId}`;

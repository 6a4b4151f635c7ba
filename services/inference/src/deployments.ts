import { RetortError } from '@retort/contracts';
import { type AliasTarget, type ModelVersion, resolveAlias } from '@retort/registry';
import type { InferenceContext } from './context.js';
import type { Students } from './students.js';

/** Between two looks at the aliases, in milliseconds. */
const POLL_MS = 500;

/** Students that are opened at the same time, so that a slow one holds up no other alias and many do not fill the memory. */
const OPENING = 4;

/** After a model could not be opened, it is tried again this much later, in milliseconds. */
const RETRY_MS = 10_000;

type Target = Pick<AliasTarget, 'taskName' | 'alias' | 'modelId'>;

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
  readonly #switching = new Map<string, Promise<ModelVersion | undefined>>();
  /** What the last look found to be switched and nobody has begun yet. */
  #wanted: Target[] = [];
  /** What is being opened from `#wanted`, by alias and model. */
  readonly #opening = new Set<string>();
  /** When to try again what could not be opened, by alias and model. */
  readonly #retryAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #closed = false;

  constructor(context: InferenceContext, students: Students) {
    this.#context = context;
    this.#students = students;
  }

  /** Begins to follow the aliases; opens the students of all of them. Without effect the second time. */
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
    for (;;) {
      const model = await resolveAlias(this.#context.database.prisma, task, alias);
      if (model === undefined) break;
      const switched = await this.#switch({ taskName: task, alias, modelId: model.id });
      if (switched !== undefined) return switched; // Else the alias moved on meanwhile.
    }
    const known = await this.#context.database.prisma.task.findUnique({
      where: { name: task },
      select: { name: true },
    });
    if (known === null) throw new RetortError('RT_NOT_FOUND', `There is no task "${task}".`);
    throw new RetortError('RT_NO_MODEL', `The alias "${alias}" of the task "${task}" points at no model version.`);
  }

  close(): void {
    this.#closed = true;
    this.#wanted = [];
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

  /** Looks at all aliases once, and begins to open what they have moved to. */
  async #follow(): Promise<void> {
    const aliases = await this.#context.database.prisma.alias.findMany({
      select: { taskName: true, alias: true, modelId: true },
      orderBy: { updatedAt: 'desc' },
    });
    if (this.#closed) return;
    this.#wanted = aliases.filter((target) => {
      const { taskName, alias, modelId } = target;
      if (this.#serving.get(keyOf(taskName, alias))?.id === modelId) return false;
      const job = jobOf(target);
      return !this.#opening.has(job) && (this.#retryAt.get(job) ?? 0) <= Date.now();
    });
    this.#openWanted();
  }

  #openWanted(): void {
    while (this.#opening.size < OPENING) {
      const target = this.#wanted.shift();
      if (target === undefined) return;
      const job = jobOf(target);
      this.#opening.add(job);
      void this.#deploy(target, job).finally(() => {
        this.#opening.delete(job);
        this.#openWanted();
      });
    }
  }

  async #deploy(target: Target, job: string): Promise<void> {
    try {
      await this.#switch(target);
      this.#retryAt.delete(job);
    } catch (error) {
      if (this.#closed) return;
      this.#retryAt.set(job, Date.now() + RETRY_MS);
      const { taskName: task, alias, modelId: model } = target;
      this.#context.logger.error({ err: error, task, alias, model }, 'a model cannot be deployed');
    }
  }

  /**
   * Opens the student, then lets the alias point at it. Concurrent calls for one alias and model share the work.
   *
   * @returns undefined where the alias has moved on meanwhile; then nothing was switched
   */
  #switch(target: Target): Promise<ModelVersion | undefined> {
    const job = jobOf(target);
    const running = this.#switching.get(job);
    if (running !== undefined) return running;
    const promise = this.#open(target).finally(() => this.#switching.delete(job));
    this.#switching.set(job, promise);
    return promise;
  }

  async #open({ taskName: task, alias, modelId }: Target): Promise<ModelVersion | undefined> {
    const model = await this.#students.find(modelId);
    await this.#students.use(model, async () => {});
    // Opening takes a while, in which the alias may have been taken back, or moved further.
    const current = await resolveAlias(this.#context.database.prisma, task, alias);
    if (current?.id !== modelId) {
      this.#retireUnlessServing(modelId);
      return undefined;
    }
    const key = keyOf(task, alias);
    const previous = this.#serving.get(key);
    this.#serving.set(key, model);
    if (previous !== undefined && previous.id !== modelId) {
      const { logger } = this.#context;
      logger.info({ task, alias, from: previous.version, to: model.version }, 'another version answers now');
      this.#retireUnlessServing(previous.id);
    }
    return model;
  }

  #retireUnlessServing(modelId: string): void {
    if (![...this.#serving.values()].some(({ id }) => id === modelId)) this.#students.retire(modelId);
  }
}

const keyOf = (task: string, alias: string) => `${task} ${alias}`;
const jobOf = ({ taskName, alias, modelId }: Target) => `${keyOf(taskName, alias)} ${modelId}`;

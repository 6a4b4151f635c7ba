import type { FileHandle } from 'node:fs/promises';
import { RetortError } from '@retort/contracts/values';
import type { MovingAverage } from '../optimizer/moving-average.js';
import type { Parameters } from '../optimizer/parameters.js';
import {
  type CheckpointArray,
  CheckpointFile,
  checkWritable,
  openCheckpoint,
  refused,
  removeTemporaries,
  writeCheckpointFile,
} from './checkpoint-file.js';
import type { CheckpointOptions } from './checkpoint-options.js';
import { differences, type RunIdentity } from './run-identity.js';
import type { Progressing, RunState } from './run-state.js';

/** Where a run was left, as a checkpoint has it. */
export interface Found {
  state: RunState;
  /** Puts the arrays back, and gives the best epoch's weights. Then the file is closed. */
  restore(parameters: Parameters, average: MovingAverage | undefined): Promise<Progressing>;
  close(): Promise<void>;
}

const DEFAULT_SECONDS = 60;

/** The checkpoints of one run. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #identity: RunIdentity;
  #last = performance.now();

  /** @throws RetortError `RT_INVALID_FIELD` for an interval that is none */
  constructor(options: CheckpointOptions, identity: RunIdentity) {
    const { everySteps = 1, everySeconds = 0 } = options;
    if (!(Number.isInteger(everySteps) && everySteps >= 1)) {
      throw new RetortError('RT_INVALID_FIELD', `checkpoint.everySteps must be at least 1, not ${everySteps}.`);
    }
    if (!(everySeconds >= 0)) {
      throw new RetortError('RT_INVALID_FIELD', `checkpoint.everySeconds must be at least 0, not ${everySeconds}.`);
    }
    this.#options = options;
    this.#identity = identity;
  }

  /**
   * Where this run was left; undefined where it is to start anew.
   *
   * @throws RetortError `RT_INVALID_CHECKPOINT` for a checkpoint that is damaged or of another run, unless `onRefused` hears of it, and
   * for a file that holds none; `RT_UNAVAILABLE` where none can be written, unless `onSaveFailed` hears of it
   */
  async find(): Promise<Found | undefined> {
    const { path, resume = true, onRefused } = this.#options;
    // Known now, not after the first minutes of the training.
    await checkWritable(path).catch((error) => this.#failed(error, true));
    const file = await openCheckpoint(path);
    await removeTemporaries(path);
    if (!resume || !file) {
      await file?.close();
      return undefined;
    }
    try {
      return await this.#read(path, file);
    } catch (error) {
      if (!(error instanceof RetortError && error.code === 'RT_INVALID_CHECKPOINT' && onRefused)) throw error;
      onRefused(error);
      return undefined;
    }
  }

  async #read(path: string, handle: FileHandle): Promise<Found> {
    const file = await CheckpointFile.verified(path, handle);
    const { run, state } = file.content as { run: RunIdentity; state: RunState };
    const different = differences(run, this.#identity);
    if (different.length > 0) {
      await file.close();
      throw refused(path, `belongs to another training: ${different.join('; ')}`);
    }
    return {
      state,
      restore: async (parameters, average) => {
        for (const [name, array] of arraysOf(parameters, average)) await file.read(name, array);
        if (!parameters.list.every(({ name }) => file.has(`best/${name}`))) return { state, best: undefined };
        const best = new Map(parameters.list.map(({ name, values }) => [name, new Float32Array(values.length)]));
        for (const [name, array] of best) await file.read(`best/${name}`, array);
        return { state, best };
      },
      close: () => file.close(),
    };
  }

  /** Whether it is time for one, after step `step`. */
  isDue(step: number): boolean {
    const { everySteps, everySeconds = everySteps === undefined ? DEFAULT_SECONDS : undefined } = this.#options;
    if (everySteps !== undefined && step % everySteps === 0) return true;
    return everySeconds !== undefined && performance.now() - this.#last >= 1000 * everySeconds;
  }

  /**
   * Where the file cannot be written, the one before is kept.
   *
   * @param isLast whether nothing is left to be trained, so that a failure must not cost the result
   * @throws RetortError `RT_UNAVAILABLE` where the file cannot be written, unless it is the last or `onSaveFailed` hears of it
   */
  async save(
    { state, best }: Progressing,
    parameters: Parameters,
    average: MovingAverage | undefined,
    isLast: boolean,
  ): Promise<void> {
    const arrays = arraysOf(parameters, average);
    for (const [name, array] of best ?? []) arrays.push([`best/${name}`, array]);
    try {
      await writeCheckpointFile(this.#options.path, { run: this.#identity, state }, arrays);
    } catch (error) {
      this.#failed(error, !isLast);
    }
    // After a failure too: the next attempt is due when the next checkpoint is.
    this.#last = performance.now();
  }

  #failed(error: unknown, isFatal: boolean): void {
    const { onSaveFailed } = this.#options;
    if (!(error instanceof RetortError) || (isFatal && !onSaveFailed)) throw error;
    onSaveFailed?.(error);
  }
}

/** All arrays that the next step depends on, live. */
function arraysOf(parameters: Parameters, average: MovingAverage | undefined): [string, CheckpointArray][] {
  const arrays = parameters.list.flatMap(({ name, values, states, average }): [string, CheckpointArray][] => [
    [`weight/${name}`, values],
    ...states.map((state, i): [string, CheckpointArray] => [`optimizer${i}/${name}`, state]),
    ...(average ? [[`average/${name}`, average] as [string, CheckpointArray]] : []),
  ]);
  for (const [name, upTo] of average?.state() ?? []) arrays.push([`averaged/${name}`, upTo]);
  return arrays;
}

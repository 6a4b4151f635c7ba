import { openTextModel, type TextModel, type TextModelOptions } from '@retort/text';

interface Shared {
  model: Promise<TextModel>;
  holders: number;
}

/**
 * Opens each model folder once for all who hold it at the same time: the versions that a student of several tasks is registered as have
 * one folder, and so one thread, whichever of the tasks is asked. (Each version counts by itself towards MAX_LOADED_MODELS.)
 */
export class SharedModels {
  readonly #options: TextModelOptions;
  readonly #shared = new Map<string, Shared>();

  constructor(options: TextModelOptions) {
    this.#options = options;
  }

  /** Folders that are open or being opened. */
  get folders(): string[] {
    return [...this.#shared.keys()];
  }

  /**
   * The model of a folder, whose `close` gives up this hold on it. It is closed itself when nobody holds it any more.
   *
   * @throws RetortError what `openTextModel` throws; the next call tries again
   */
  async open(folder: string): Promise<TextModel> {
    const shared = this.#shared.get(folder) ?? this.#start(folder);
    shared.holders++;
    const model = await shared.model;
    return held(model, async () => {
      if (--shared.holders > 0) return;
      this.#forget(folder, shared);
      await model.close();
    });
  }

  #start(folder: string): Shared {
    const shared = { model: openTextModel(folder, this.#options), holders: 0 };
    this.#shared.set(folder, shared);
    shared.model.catch(() => this.#forget(folder, shared));
    return shared;
  }

  #forget(folder: string, shared: Shared): void {
    if (this.#shared.get(folder) === shared) this.#shared.delete(folder);
  }
}

/** A model that others hold too. */
function held(model: TextModel, release: () => Promise<void>): TextModel {
  let closing: Promise<void> | undefined;
  const { tokenizer, inputs, outputs } = model;
  return {
    ...{ tokenizer, inputs, outputs },
    run: (texts, output, options) => model.run(texts, output, options),
    close: () => {
      closing ??= release();
      return closing;
    },
  };
}

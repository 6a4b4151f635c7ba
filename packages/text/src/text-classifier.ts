import { setImmediate } from 'node:timers/promises';
import { RetortError } from '@retort/contracts/values';
import type { SessionPort } from '@retort/runtime';
import { labelsOf, readJson } from './model-folder.js';
import { openTextModel } from './open-text-model.js';
import { taskLabelsOf } from './task-labels.js';
import type { TextModel, TextModelOptions } from './text-model.js';

/** Logits turned into scores in one turn of the event loop: about a millisecond. */
const TURN = 65_536;

export interface LabelScore {
  label: string;
  /** Probability, 0..1: the softmax of the logits over all labels. */
  score: number;
}

export interface Classification {
  label: string;
  /** Score of the label. */
  confidence: number;
  /** The `topK` best, best first. */
  scores: LabelScore[];
}

/** A model that answers one of its labels for each text. */
export interface TextClassifier {
  /** In the order of the logits. */
  readonly labels: readonly string[];
  readonly tokenizer: TextModel['tokenizer'];
  /** @param options.topK scores to give, at least 1; default 1 */
  classify(texts: readonly string[], options?: { topK?: number; signal?: AbortSignal }): Promise<Classification[]>;
  /** `[texts, labels]`, row-major. */
  logits(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface TextClassifierOptions extends TextModelOptions {
  /** Of a folder that answers several tasks, the one to ask; default: all of their labels at once. */
  task?: string;
  /** Opens the folder's model, which the classifier closes when it is closed itself; default {@link openTextModel}. */
  openModel?: (folder: string, options: TextModelOptions) => Promise<TextModel>;
}

/**
 * Opens a Hugging Face folder of a text classifier: what {@link openTextModel} needs, and `config.json` with `id2label`.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the file, field or output that cannot be used
 */
export async function openTextClassifier(
  folder: string,
  { task, openModel = openTextModel, ...options }: TextClassifierOptions = {},
): Promise<TextClassifier> {
  const config = await readJson(folder, 'config.json');
  const labels = task === undefined ? labelsOf(config) : taskLabelsOf(config, task);
  if (config.problem_type === 'multi_label_classification') {
    throw new RetortError(
      'RT_INVALID_MODEL',
      'config.json says "multi_label_classification": one label per text is wanted.',
    );
  }
  const model = await openModel(folder, options);
  try {
    return new OnnxTextClassifier(labels, model, logitsPort(model.outputs, labels.length, task).name);
  } catch (error) {
    await model.close();
    throw error;
  }
}

/**
 * The output that holds the logits: the one of that name, or the only one; of one of several tasks `logits.<task>`.
 *
 * @throws RetortError `RT_INVALID_MODEL` where there is none, or it is not float32 `[batch, labels]`
 */
export function logitsPort(outputs: readonly SessionPort[], labels: number, task?: string): SessionPort {
  const wanted = task === undefined ? 'logits' : `logits.${task}`;
  const only = task === undefined && outputs.length === 1 ? outputs[0] : undefined;
  const port = outputs.find((output) => output.name === wanted) ?? only;
  if (port === undefined) {
    const names = outputs.map((output) => `"${output.name}"`).join(', ');
    throw new RetortError('RT_INVALID_MODEL', `The model has no output "${wanted}"; it has ${names}.`);
  }
  const { name, type, shape } = port;
  if (type !== 'float32' || shape.length !== 2) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `The output "${name}" of the model is ${type} [${shape}], not float32 [batch, labels].`,
    );
  }
  if (typeof shape[1] === 'number' && shape[1] !== labels) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `config.json has ${labels} labels, but the output "${name}" of the model has width ${shape[1]}.`,
    );
  }
  return port;
}

class OnnxTextClassifier implements TextClassifier {
  readonly labels: readonly string[];
  readonly tokenizer: TextModel['tokenizer'];
  readonly #model: TextModel;
  readonly #output: string;

  constructor(labels: readonly string[], model: TextModel, output: string) {
    this.labels = labels;
    this.tokenizer = model.tokenizer;
    this.#model = model;
    this.#output = output;
  }

  async logits(texts: readonly string[], options: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    const { data } = await this.#model.run(texts, this.#output, options);
    if (data.length !== texts.length * this.labels.length) {
      const width = data.length / texts.length;
      throw new RetortError(
        'RT_INVALID_MODEL',
        `config.json has ${this.labels.length} labels, but the model gives ${width} logits.`,
      );
    }
    return data;
  }

  async classify(
    texts: readonly string[],
    { topK = 1, signal }: { topK?: number; signal?: AbortSignal } = {},
  ): Promise<Classification[]> {
    const logits = await this.logits(texts, { signal });
    const { length: classes } = this.labels;
    const answers: Classification[] = [];
    let sinceTurn = 0;
    for (let i = 0; i < texts.length; i++) {
      // Many texts with thousands of labels are tens of milliseconds of arithmetic: let others run in between.
      if (sinceTurn > TURN) {
        sinceTurn = 0;
        await setImmediate();
      }
      sinceTurn += classes;
      const scores = topScores(logits.subarray(i * classes, (i + 1) * classes), topK).map(({ index, score }) => ({
        label: this.labels[index],
        score,
      }));
      answers.push({ label: scores[0].label, confidence: scores[0].score, scores });
    }
    return answers;
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

/** The `k` largest of softmax(logits), largest first; ties in the order of the labels. */
function topScores(logits: Float32Array, k: number): { index: number; score: number }[] {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  const largest = logits[best];
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  if (!Number.isFinite(sum))
    throw new RetortError('RT_INVALID_MODEL', 'The model gives logits that are no finite numbers.');
  const order = k > 1 ? largestIndexes(logits, k) : [best];
  return order.map((index) => ({ index, score: Math.exp(logits[index] - largest) / sum }));
}

/** Indexes of the `k` largest values, largest first: by insertion, as nearly all values fail the first comparison. */
function largestIndexes(values: Float32Array, k: number): number[] {
  const kept: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (kept.length >= k && values[i] <= values[kept[k - 1]]) continue;
    let at = Math.min(kept.length, k - 1);
    for (; at > 0 && values[kept[at - 1]] < values[i]; at--) kept[at] = kept[at - 1];
    kept[at] = i;
  }
  return kept;
}

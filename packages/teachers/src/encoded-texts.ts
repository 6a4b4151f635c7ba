import { type Examples, tokensDigest } from '@retort/learn';
import type { Model } from '@retort/onnx';
import { type TextInputs, type Tokenizer, textInputs } from '@retort/text';
import { invalidTeacher } from './invalid-teacher.js';

/**
 * How to feed padded batches to a model.
 *
 * @throws RetortError `RT_INVALID_TEACHER` for a model that cannot be run in padded batches
 */
export function batchInputs({ graph }: Model): TextInputs {
  const inputs = textInputs(graph.inputs.map((input) => ({ ...input, shape: input.shape ?? [] })));
  if (inputs.oneRow) {
    throw invalidTeacher('The model takes one text at a time: export it with a dynamic batch to train it.');
  }
  if (!inputs.masked) {
    throw invalidTeacher(
      'The model has no input "attention_mask", so that padding would be learned as text: export it with one to train it.',
    );
  }
  return inputs;
}

/** Texts that are encoded once and then run again and again, in batches of any rows. */
export class EncodedTexts {
  readonly #inputs: TextInputs;
  readonly #tokenizer: Tokenizer;
  /** Most tokens of a text. */
  readonly maxLength: number;

  /**
   * @param maxLength most tokens of a text; the tokenizer's and the model's own limits hold as well
   * @throws RetortError `RT_INVALID_TEACHER` for a model that cannot be run in padded batches
   */
  constructor(model: Model, tokenizer: Tokenizer, maxLength: number) {
    this.#inputs = batchInputs(model);
    const { tokens = maxLength } = this.#inputs;
    this.#tokenizer = tokenizer;
    this.maxLength = Math.min(maxLength, tokens, tokenizer.maxLength);
  }

  /**
   * The texts as examples, in their order.
   *
   * @param classes of each text
   */
  examples(texts: readonly string[], classes: Int32Array): Examples & { lengths: Int32Array } {
    const encoded = texts.map((text) => this.#tokenizer.encode(text, this.maxLength));
    return {
      count: texts.length,
      digest: tokensDigest(encoded, this.#tokenizer.padId),
      labels: classes,
      lengths: Int32Array.from(encoded, ({ length }) => length),
      inputs: (rows, length) =>
        this.#inputs.feeds(
          Array.from(rows, (row) => encoded[row]),
          this.#tokenizer.padId,
          length,
        ),
    };
  }
}

/** The same texts from the shortest to the longest, so that batches of neighbours are padded little. */
export function byLength(texts: readonly string[], classes: Int32Array): { texts: string[]; classes: Int32Array } {
  const order = Array.from(texts.keys()).sort((a, b) => texts[a].length - texts[b].length || a - b);
  return { texts: order.map((row) => texts[row]), classes: Int32Array.from(order, (row) => classes[row]) };
}

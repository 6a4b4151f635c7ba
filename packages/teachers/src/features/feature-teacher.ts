import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { readModel, writeModel } from '@retort/onnx';
import { cancelled, type ModelSession, openSession } from '@retort/runtime';
import { findModelFile, openTokenizer, planBatches, type TextInputs, type Tokenizer, textInputs } from '@retort/text';
import { asTeacher, invalidTeacher } from '../invalid-teacher.js';
import { exposeFeatures } from './expose-features.js';
import { type ExposedFeature, type FeatureRequest, featureShape, featureSize } from './feature-request.js';

/** Most bytes of features that one run of the teacher may give: attention maps of long texts are large. */
const RUN_BYTES = 64 * 2 ** 20;
const FLOAT_BYTES = 4;

export interface FeatureRunOptions {
  signal?: AbortSignal;
  /** Called after each run with the number of texts done so far. */
  onTexts?: (done: number) => void;
}

/** A classifier whose inside is asked for. It works in the caller's thread, as training does. */
export class FeatureTeacher {
  readonly tokenizer: Tokenizer;
  /** One for each request, in order. */
  readonly features: readonly ExposedFeature[];
  /** Most tokens that it reads of a text. */
  readonly maxLength: number;
  readonly #session: ModelSession;
  readonly #text: TextInputs;

  private constructor(tokenizer: Tokenizer, features: readonly ExposedFeature[], session: ModelSession) {
    this.tokenizer = tokenizer;
    this.features = features;
    this.#session = session;
    this.#text = textInputs(session.inputs);
    this.maxLength = Math.min(tokenizer.maxLength, this.#text.tokens ?? Number.POSITIVE_INFINITY);
  }

  /**
   * @param dir folder of a classifier
   * @throws RetortError `RT_INVALID_SPEC` where a feature is not to be had, `RT_INVALID_TEACHER` where the teacher cannot be used
   */
  static open(
    dir: string,
    requests: readonly FeatureRequest[],
    { threads }: { threads?: number } = {},
  ): Promise<FeatureTeacher> {
    return asTeacher(async () => {
      const tokenizer = await openTokenizer(dir);
      const given = readModel(await readFile(join(dir, await findModelFile(dir))));
      const { model, features } = exposeFeatures(given, requests);
      const session = await openSession(writeModel(model), { threads, placement: 'inline' });
      try {
        return new FeatureTeacher(tokenizer, features, session);
      } catch (error) {
        await session.close();
        throw error;
      }
    });
  }

  /**
   * The features of texts, by feature and then by text, without padding: row-major `[width]`, `[tokens, width]` or
   * `[heads, tokens, tokens]` each.
   *
   * @param encoded ids of this teacher's tokenizer, at most `maxLength` a text
   * @throws RetortError `RT_CANCELLED` after `signal`, `RT_INVALID_TEACHER` where the model fails
   */
  run(encoded: readonly Int32Array[], { signal, onTexts }: FeatureRunOptions = {}): Promise<Float32Array[][]> {
    return asTeacher(async () => {
      const found = this.features.map(() => new Array<Float32Array>(encoded.length));
      let done = 0;
      for (const texts of this.#plan(encoded)) {
        if (signal?.aborted) throw cancelled();
        const batch = texts.map((text) => encoded[text]);
        const results = await this.#session.run(this.#text.feeds(batch, this.tokenizer.padId), {
          outputs: this.features.map(({ output }) => output),
        });
        for (const [i, feature] of this.features.entries()) {
          const { data, dims } = results[feature.output];
          const tokens = this.#text.tokens ?? batch.reduce((most, { length }) => Math.max(most, length), 1);
          checkDims(feature, dims, featureShape(feature, batch.length, tokens));
          const size = featureSize(feature, tokens);
          for (const [row, text] of texts.entries()) {
            const whole = (data as Float32Array).subarray(row * size, (row + 1) * size);
            found[i][text] = withoutPadding(feature, whole, { tokens, real: encoded[text].length });
          }
        }
        done += texts.length;
        onTexts?.(done);
        // A run keeps the event loop: an abort gets through between two of them.
        await setImmediate();
      }
      return found;
    });
  }

  #plan(encoded: readonly Int32Array[]): number[][] {
    const longest = encoded.reduce((most, { length }) => Math.max(most, length), 1);
    const bytes = this.features.reduce((sum, feature) => sum + FLOAT_BYTES * featureSize(feature, longest), 0);
    const { oneRow, masked } = this.#text;
    const maxRows = oneRow ? 1 : Math.max(1, Math.floor(RUN_BYTES / bytes));
    return planBatches(encoded, { ...(maxRows < 64 ? { maxRows } : {}), equalLengths: !masked });
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** The part of one text's feature that its own tokens have. */
function withoutPadding(
  { axes, width }: ExposedFeature,
  whole: Float32Array,
  { tokens, real }: { tokens: number; real: number },
): Float32Array {
  if (axes === 'text') return whole.slice();
  if (axes === 'token') return whole.slice(0, real * width);
  const maps = new Float32Array(width * real * real);
  for (let row = 0; row < width * real; row++) {
    const from = (Math.floor(row / real) * tokens + (row % real)) * tokens;
    maps.set(whole.subarray(from, from + real), row * real);
  }
  return maps;
}

function checkDims({ output }: ExposedFeature, dims: readonly number[], wanted: readonly number[]): void {
  if (dims.length === wanted.length && dims.every((extent, axis) => extent === wanted[axis])) return;
  throw invalidTeacher(
    `The feature "${output}" of the teacher is [${dims}] for a batch for which [${wanted}] was wanted.`,
  );
}

/** A text's feature put back into a batch, padded with zeros: the inverse of what {@link FeatureTeacher.run} takes away. */
export function padFeature(
  { axes, width }: Pick<ExposedFeature, 'axes' | 'width'>,
  into: Float32Array,
  own: Float32Array,
  { tokens, real }: { tokens: number; real: number },
): void {
  if (axes !== 'pair') {
    into.set(own);
    return;
  }
  for (let row = 0; row < width * real; row++) {
    const at = (Math.floor(row / real) * tokens + (row % real)) * tokens;
    into.set(own.subarray(row * real, (row + 1) * real), at);
  }
}

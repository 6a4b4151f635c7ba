import { RetortError } from '@retort/contracts/values';
import { type ModelSession, openSession, type SessionPort } from '@retort/runtime';
import { planBatches } from './plan-batches.js';
import { type TextInputs, textInputs } from './text-inputs.js';
import type { TextModel, TextModelOptions, TextOutput } from './text-model.js';
import type { Tokenizer } from './tokenizer.js';

/** A text model that works in the caller's thread. */
export class InlineTextModel implements TextModel {
  readonly tokenizer: Tokenizer;
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  readonly #session: ModelSession;
  readonly #text: TextInputs;

  private constructor(tokenizer: Tokenizer, session: ModelSession) {
    this.tokenizer = tokenizer;
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#session = session;
    this.#text = textInputs(session.inputs);
  }

  /** @throws RetortError `RT_INVALID_MODEL` for a model that is no text model */
  static async open(
    tokenizer: Tokenizer,
    model: Uint8Array | string,
    { threads, spin }: Omit<TextModelOptions, 'placement'> = {},
  ): Promise<InlineTextModel> {
    const session = await openSession(model, { threads, spin, placement: 'inline' });
    try {
      return new InlineTextModel(tokenizer, session);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async run(texts: readonly string[], output: string, { signal }: { signal?: AbortSignal } = {}): Promise<TextOutput> {
    if (texts.length === 0) return { data: new Float32Array(0), dims: [0, 0] };
    const { tokens = Number.POSITIVE_INFINITY, oneRow, masked } = this.#text;
    const maxLength = Math.min(this.tokenizer.maxLength, tokens);
    const encoded = texts.map((text) => this.tokenizer.encode(text, maxLength));
    const plan = planBatches(encoded, {
      maxRows: oneRow ? 1 : undefined,
      // A character costs a student next to nothing; what counts there is the number of runs.
      maxTokens: this.tokenizer.kind === 'character' ? 4096 : undefined,
      equalLengths: !masked,
    });
    let data: Float32Array | undefined;
    let rowDims: number[] = [];
    for (const rows of plan) {
      const feeds = this.#text.feeds(
        rows.map((row) => encoded[row]),
        this.tokenizer.padId,
      );
      const result = (await this.#session.run(feeds, { outputs: [output], signal }))[output];
      const width = result.data.length / rows.length;
      if (!(result.data instanceof Float32Array)) {
        throw new RetortError(
          'RT_INVALID_MODEL',
          `The output "${output}" of the model is ${result.type}, not float32.`,
        );
      }
      if (data === undefined) {
        rowDims = result.dims.slice(1);
        data =
          rows.length === texts.length && plan.length === 1 && inOrder(rows)
            ? result.data
            : new Float32Array(width * texts.length);
      }
      if (result.dims[0] !== rows.length || width * texts.length !== data.length) {
        throw new RetortError(
          'RT_INVALID_MODEL',
          `The output "${output}" of the model has shape [${result.dims}] for ${rows.length} texts: it is not one row of fixed size for each.`,
        );
      }
      if (data === result.data) break;
      for (const [i, row] of rows.entries()) data.set(result.data.subarray(i * width, (i + 1) * width), row * width);
    }
    return { data: data!, dims: [texts.length, ...rowDims] };
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

function inOrder(rows: number[]): boolean {
  return rows.every((row, i) => row === i);
}

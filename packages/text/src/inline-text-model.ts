import { RetortError } from '@retort/contracts';
import type { Tensor } from '@retort/onnx';
import { type ModelSession, openSession, type SessionPort } from '@retort/runtime';
import { padBatch } from './encode-batch.js';
import { planBatches } from './plan-batches.js';
import type { TextModel, TextModelOptions, TextOutput } from './text-model.js';
import type { Tokenizer } from './tokenizer.js';

/** The inputs that a text model may ask for. */
export const TEXT_INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

/** A text model that works in the caller's thread. */
export class InlineTextModel implements TextModel {
  readonly tokenizer: Tokenizer;
  readonly inputs: SessionPort[];
  readonly outputs: SessionPort[];
  readonly #session: ModelSession;
  readonly #shape: InputShape;

  private constructor(tokenizer: Tokenizer, session: ModelSession) {
    this.tokenizer = tokenizer;
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#session = session;
    this.#shape = inputShape(session.inputs);
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
    const { tokens = Number.POSITIVE_INFINITY, oneRow, masked } = this.#shape;
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
      const feeds = this.#feeds(rows.map((row) => encoded[row]));
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

  #feeds(encoded: Int32Array[]): Record<string, Tensor> {
    const { inputIds, attentionMask } = padBatch(encoded, this.tokenizer.padId, this.#shape.tokens);
    const feeds: Record<string, Tensor> = {};
    for (const { name, type } of this.inputs) {
      const { dims, data } = name === 'input_ids' ? inputIds : attentionMask;
      // Every text is one segment, so that its token types are all 0.
      const values = name === 'token_type_ids' ? new BigInt64Array(data.length) : (data as BigInt64Array);
      feeds[name] =
        type === 'int64'
          ? { type, dims, data: values }
          : { type: 'int32', dims, data: Int32Array.from(values, Number) };
    }
    return feeds;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

interface InputShape {
  /** Tokens of a row, where the graph fixes them. */
  tokens: number | undefined;
  /** Whether the graph takes one text at a time. */
  oneRow: boolean;
  /** Whether it is told which tokens are padding; if not, only texts of one length may share a batch. */
  masked: boolean;
}

function inputShape(inputs: SessionPort[]): InputShape {
  const shape: InputShape = { tokens: undefined, oneRow: false, masked: false };
  for (const { name, type, shape: dims } of inputs) {
    if (!(TEXT_INPUTS as readonly string[]).includes(name)) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `The model asks for an input "${name}": only ${TEXT_INPUTS.join(', ')} can be fed.`,
      );
    }
    if (type !== 'int64' && type !== 'int32') {
      throw new RetortError('RT_INVALID_MODEL', `The input "${name}" of the model is ${type}, not int64 or int32.`);
    }
    if (dims.length !== 2) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `The input "${name}" of the model has ${dims.length} dimensions, not 2 [batch, tokens].`,
      );
    }
    const [batch, tokens] = dims;
    if (typeof batch === 'number' && batch !== 1) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `The input "${name}" of the model has a fixed batch of ${batch}: export it with a dynamic one.`,
      );
    }
    shape.oneRow ||= batch === 1;
    if (typeof tokens === 'number') shape.tokens = tokens;
    shape.masked ||= name === 'attention_mask';
  }
  if (!inputs.some(({ name }) => name === 'input_ids')) {
    throw new RetortError('RT_INVALID_MODEL', 'The model has no input "input_ids": it is not a text model.');
  }
  return shape;
}

function inOrder(rows: number[]): boolean {
  return rows.every((row, i) => row === i);
}

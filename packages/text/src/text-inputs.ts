import { RetortError } from '@retort/contracts/values';
import type { Tensor } from '@retort/onnx';
import type { SessionPort } from '@retort/runtime';
import { padBatch } from './encode-batch.js';

/** The inputs that a text model may ask for. */
const TEXT_INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

/** What a text model is fed. */
export interface TextInputs {
  /** Tokens of a row, where the graph fixes them. */
  tokens: number | undefined;
  /** Whether the graph takes one text at a time. */
  oneRow: boolean;
  /** Whether it is told which tokens are padding; if not, only texts of one length may share a batch. */
  masked: boolean;
  /**
   * The inputs `[texts, tokens]` for encoded texts, padded at the end.
   *
   * @param length tokens to pad to, where the graph does not fix them: at least those of the longest text, which is the default
   */
  feeds(encoded: readonly Int32Array[], padId: number, length?: number): Record<string, Tensor>;
}

/** @throws RetortError `RT_INVALID_MODEL` for inputs that no text can give */
export function textInputs(ports: readonly SessionPort[]): TextInputs {
  let tokens: number | undefined;
  let oneRow = false;
  for (const port of ports) {
    checkPort(port);
    oneRow ||= port.shape[0] === 1;
    if (typeof port.shape[1] === 'number') tokens = port.shape[1];
  }
  const has = (wanted: string) => ports.some(({ name }) => name === wanted);
  if (!has('input_ids')) {
    throw new RetortError('RT_INVALID_MODEL', 'The model has no input "input_ids": it is not a text model.');
  }
  return {
    tokens,
    oneRow,
    masked: has('attention_mask'),
    feeds(encoded, padId, length) {
      const { inputIds, attentionMask } = padBatch(encoded, padId, tokens ?? length);
      return Object.fromEntries(
        ports.map(({ name, type }) => {
          const { dims, data } = name === 'input_ids' ? inputIds : attentionMask;
          // Every text is one segment, so that its token types are all 0.
          const values = name === 'token_type_ids' ? new BigInt64Array(data.length) : (data as BigInt64Array);
          const tensor: Tensor =
            type === 'int64'
              ? { type, dims, data: values }
              : { type: 'int32', dims, data: Int32Array.from(values, Number) };
          return [name, tensor];
        }),
      );
    },
  };
}

function checkPort({ name, type, shape }: SessionPort): void {
  if (!(TEXT_INPUTS as readonly string[]).includes(name)) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `The model asks for an input "${name}": only ${TEXT_INPUTS.join(', ')} can be fed.`,
    );
  }
  if (type !== 'int64' && type !== 'int32') {
    throw new RetortError('RT_INVALID_MODEL', `The input "${name}" of the model is ${type}, not int64 or int32.`);
  }
  if (shape.length !== 2) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `The input "${name}" of the model has ${shape.length} dimensions, not 2 [batch, tokens].`,
    );
  }
  const [batch] = shape;
  if (typeof batch === 'number' && batch !== 1) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `The input "${name}" of the model has a fixed batch of ${batch}: export it with a dynamic one.`,
    );
  }
}

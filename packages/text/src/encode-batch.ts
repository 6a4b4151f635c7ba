import type { Tensor } from '@retort/onnx';
import type { Tokenizer } from './tokenizer.js';

/** What a text model is fed; both int64 [batch, tokens]. */
export interface EncodedBatch {
  inputIds: Tensor;
  /** 1 for a token, 0 for padding. */
  attentionMask: Tensor;
}

/** Encodes texts (at least one) into one batch, padded at the end to the longest. A text of no tokens is padding alone. */
export function encodeBatch(
  tokenizer: Tokenizer,
  texts: readonly string[],
  { maxLength = tokenizer.maxLength }: { maxLength?: number } = {},
): EncodedBatch {
  return padBatch(
    texts.map((text) => tokenizer.encode(text, maxLength)),
    tokenizer.padId,
  );
}

/**
 * Joins encoded texts into one batch, padded at the end.
 *
 * @param tokens width of the batch; default the longest text, at least 1
 */
export function padBatch(
  encoded: readonly Int32Array[],
  padId: number,
  tokens = encoded.reduce((longest, ids) => Math.max(longest, ids.length), 1),
): EncodedBatch {
  const ids = new BigInt64Array(encoded.length * tokens);
  const mask = new BigInt64Array(encoded.length * tokens);
  // Written through their low 32-bit words (little-endian, as every platform of ONNX Runtime is): a BigInt per token would
  // cost more than the tokenizer.
  const idWords = new Int32Array(ids.buffer);
  const maskWords = new Int32Array(mask.buffer);
  let at = 0;
  for (const row of encoded) {
    for (let i = 0; i < tokens; i++, at += 2) {
      const real = i < row.length;
      idWords[at] = real ? row[i] : padId;
      maskWords[at] = real ? 1 : 0;
    }
  }
  const dims = [encoded.length, tokens];
  return { inputIds: { type: 'int64', dims, data: ids }, attentionMask: { type: 'int64', dims, data: mask } };
}

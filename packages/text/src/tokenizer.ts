/** Text to token ids. */
export interface Tokenizer {
  /** Which path encodes: `general` is `@huggingface/tokenizers`; the others give the same ids faster. */
  readonly kind: 'character' | 'wordpiece' | 'unigram' | 'general';
  /** One more than the largest id. */
  readonly vocabularySize: number;
  readonly padId: number;
  /** Most ids of one text, special tokens included. */
  readonly maxLength: number;
  /**
   * Ids of `text` with the special tokens around them. A text of more than `maxLength` ids (default: the tokenizer's)
   * loses its end, but keeps its special tokens, as the reference implementation in Rust does.
   */
  encode(text: string, maxLength?: number): Int32Array;
}

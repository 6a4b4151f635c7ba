export const SPLITS = ['train', 'valid', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** Longest text of a row or a request that Retort reads, in characters (Unicode code points); configuration may lower it. */
export const MAX_TEXT_CHARACTERS = 20_000;

/** One example of a dataset. Without a label it is text for the teacher alone to label. */
export interface Row {
  text: string;
  label?: string;
  split: Split;
}

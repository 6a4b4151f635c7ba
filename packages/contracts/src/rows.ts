export const SPLITS = ['train', 'valid', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** One example of a dataset. Without a label it is text for the teacher alone to label. */
export interface Row {
  text: string;
  label?: string;
  split: Split;
}

/**
 * How an encoder student classifies, as is recommended: words past its layers too, and by hidden units, as the static student does. Hidden
 * units alone were worth half as much on the validation rows of clinc150 (docs/results.md).
 */
export const ENCODER_CLASSIFIER = { pooling: 'mean-and-words', hidden: 1024 } as const;

/** How the student's answers are held against the teacher's; `packages/learn/src/loss/divergences` has one file for each. */
export const DIVERGENCES = ['forward-kl', 'reverse-kl', 'jensen-shannon', 'dkd', 'dist', 'logit-mse'] as const;
export type DivergenceName = (typeof DIVERGENCES)[number];

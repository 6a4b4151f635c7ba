export type OptimizerKind = 'adamw' | 'sgd';

/** How many arrays of each weight's size an optimizer keeps. */
export const OPTIMIZER_STATES: Record<OptimizerKind, number> = { adamw: 2, sgd: 1 };

import type { EpochRecord } from '../measure/history.js';
import { Random, type RandomState } from '../random.js';
import type { Weights } from '../trainable.js';

/**
 * Where a training stands between two steps. Together with the arrays (weights, optimizer, averages) all that the rest of it depends
 * on; plain values, so that a checkpoint can say it in JSON.
 */
export interface RunState {
  /** Steps taken. */
  step: number;
  /** Epoch that is running, 1-based; above the last one when all is done. */
  epoch: number;
  /** Batches of the epoch that are done. */
  position: number;
  /** The generator before the epoch's batches were drawn: it decides their order, and after them that of all later epochs. */
  random: RandomState;
  /** Runs of the training graph, which decide the masks of dropout. */
  runs: number;
  /** Sum of the losses of the epoch's rows so far, and how many rows that are. */
  lossSum: number;
  rows: number;
  /** Seconds that the epoch took so far. */
  seconds: number;
  history: EpochRecord[];
  /** 1-based; 0 before the first epoch has ended. */
  bestEpoch: number;
}

/** A run and what it keeps of its best epoch. */
export interface Progressing {
  state: RunState;
  /** Weights of the best epoch so far, where validation chooses one. */
  best: Weights | undefined;
}

export function initialState(seed: number): RunState {
  return {
    ...{ step: 0, epoch: 1, position: 0, random: new Random(seed).state(), runs: 0 },
    ...{ lossSum: 0, rows: 0, seconds: 0, history: [], bestEpoch: 0 },
  };
}

/** The state at the start of the epoch after this one. */
export function nextEpoch(state: RunState, random: RandomState): RunState {
  return { ...state, epoch: state.epoch + 1, position: 0, random, lossSum: 0, rows: 0, seconds: 0 };
}

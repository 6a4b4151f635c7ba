import type { AutoSpec, DistillationSpec, FieldProblem, Selection, TrainingSpec } from '@retort/contracts';
import { epochsToGrow } from '../progressive/plan-stages.js';
import { invalidSpec } from '../sections/invalid-spec.js';
import { resolveSpec } from '../spec/resolve-spec.js';
import { autoCandidates } from '../sweep/auto-candidates.js';
import { type Candidate, sampleSpec } from '../sweep/sample-spec.js';
import { planRungs, type Rung, rungEpochs } from './rungs.js';

/** All that a search depends on besides the results of its trials. The same spec gives the same plan. */
export interface SearchPlan {
  method: Selection['method'];
  metric: Selection['metric'];
  candidates: Candidate[];
  /** The first takes all candidates. */
  rungs: Rung[];
  /** Seconds that trials may take, summed over them. */
  seconds?: number;
  /** Epochs without gain after which a trial stops; 0 for never. */
  patience: number;
  /** Of `student: "auto"`: what the student may cost. */
  budget?: NonNullable<AutoSpec['budget']>;
}

/** Names one trial of a plan. */
export interface TrialKey {
  /** Of the candidate. */
  index: number;
  rung: number;
}

/**
 * Of `student: "auto"`: all candidates for half of their epochs, then the better half in full. Transformers are behind at first, so
 * that a shorter first rung would choose the family, not the student.
 */
const AUTO_HALVING = { eta: 2, firstShare: 0.5 };

/** Draws for every trial of a sweep that would repeat another: small spaces have fewer points than trials. */
const DRAWS_PER_TRIAL = 4;

/**
 * What a spec asks to be searched.
 *
 * @returns undefined where it asks for nothing
 * @throws RetortError `RT_INVALID_SPEC` where no candidate is legal
 */
export function planSearch(spec: DistillationSpec): SearchPlan | undefined {
  const { sweep, auto } = spec;
  if (auto !== undefined) {
    const candidates = autoCandidates(spec, resolveSpec).map((candidate) => withSeedOfTexts(candidate, spec));
    const rungs = planRungs(candidates.length, AUTO_HALVING);
    return { ...common(auto), method: 'auto', candidates, rungs, budget: auto.budget ?? {} };
  }
  if (sweep === undefined) return undefined;
  const { method, eta, firstShare } = sweep;
  const candidates = distinctCandidates(spec, sweep.trials).map((candidate) => withSeedOfTexts(candidate, spec));
  const halving = method === 'random' ? { eta, firstShare: 1 } : { eta, firstShare };
  return { ...common(sweep), method, candidates, rungs: planRungs(candidates.length, halving) };
}

function common({ metric, patience, minutes }: Pick<AutoSpec, 'metric' | 'patience' | 'minutes'>) {
  return { metric, patience, ...(minutes === undefined ? {} : { seconds: 60 * minutes }) };
}

/** As many different candidates as there are to be trials, or as the space has. */
function distinctCandidates(spec: DistillationSpec, trials: number): Candidate[] {
  const found = new Map<string, Candidate>();
  let problems: FieldProblem[] = [];
  for (let index = 0; index < DRAWS_PER_TRIAL * trials && found.size < trials; index++) {
    const sampled = sampleSpec(spec, index, resolveSpec);
    if (Array.isArray(sampled)) {
      problems = sampled;
      // None of its 64 points was legal. Elsewhere some may be, but not so many that a search is worth it.
      if (found.size === 0) break;
      continue;
    }
    const key = JSON.stringify(Object.entries(sampled.varied));
    if (!found.has(key)) found.set(key, sampled);
  }
  if (found.size === 0) throw invalidSpec(problems);
  return [...found.values()];
}

/** Texts are generated once for all candidates, by the seed of the whole spec: one that trains with another seed names that of its texts. */
function withSeedOfTexts(candidate: Candidate, { training: { seed } }: DistillationSpec): Candidate {
  const { transferSet, training } = candidate.spec;
  if (transferSet === undefined || transferSet.seed !== undefined || training.seed === seed) return candidate;
  return { ...candidate, spec: { ...candidate.spec, transferSet: { ...transferSet, seed } } };
}

/**
 * The spec that a trial trains: its candidate's, student and assistants for the epochs of the rung (or the few more that it takes to grow
 * through all depths), each stopped where it gains nothing more.
 */
export function trialSpec({ candidates, rungs, patience }: SearchPlan, { index, rung }: TrialKey): DistillationSpec {
  const spec = candidateOf(candidates, index).spec;
  const inRung = (training: TrainingSpec): TrainingSpec => ({
    ...training,
    epochs: rungEpochs(training.epochs, rungs[rung]),
    patience: training.patience || patience,
  });
  const training = inRung(spec.training);
  const { progressive } = spec;
  const assistants = progressive?.assistants?.map((assistant) => ({
    ...assistant,
    training: inRung(assistant.training),
  }));
  return {
    ...spec,
    training: { ...training, epochs: epochsToGrow(spec, training.epochs) },
    ...(assistants === undefined ? {} : { progressive: { ...progressive, assistants } }),
  };
}

/** Most trials that a plan can come to. */
export function trialCount({ rungs }: SearchPlan): number {
  return rungs.reduce((sum, { trials }) => sum + trials, 0);
}

export function candidateOf(candidates: readonly Candidate[], index: number): Candidate {
  const found = candidates.find((candidate) => candidate.index === index);
  if (found === undefined) throw new Error(`The plan has no candidate ${index}.`);
  return found;
}

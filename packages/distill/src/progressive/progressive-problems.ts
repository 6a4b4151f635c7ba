import type { DistillationSpec, FieldProblem, StudentSpec } from '@retort/contracts';
import { layerWeights } from '../sections/encoder-limits.js';
import { epochsOf } from './plan-stages.js';

/** How far from 1 the sum of the shares may be: what decimal fractions leave. */
const SHARE_TOLERANCE = 1e-6;

/** What of the spec is a problem of an assistant, told by {@link assistantProblems} in the words of its student's family. */
const OF_ASSISTANT = /^\/progressive\/assistants\/\d+\/(student|loss|training)(\/|$)/;

/** Whether the schema of the whole spec, which knows all families at once, is to say nothing of it. */
export const isOfAssistant = ({ path }: FieldProblem): boolean => OF_ASSISTANT.test(path);

/** What is wrong within each assistant, as in a spec of its own; the paths are into the whole spec. */
export function assistantProblems(spec: unknown, problemsOf: (spec: unknown) => FieldProblem[]): FieldProblem[] {
  const assistants = (spec as Partial<DistillationSpec> | null)?.progressive?.assistants;
  if (!Array.isArray(assistants)) return [];
  return assistants.flatMap((assistant: unknown, i) => {
    if (typeof assistant !== 'object' || assistant === null) return [];
    const { student, loss, training } = assistant as Partial<DistillationSpec>;
    // What is out of scope is of the data, and so of the whole.
    const { outOfScope } = spec as Partial<DistillationSpec>;
    return problemsOf({ student, loss, training, outOfScope }).map(({ path, message }) => ({
      path: `/progressive/assistants/${i}${path}`,
      message,
    }));
  });
}

/** What is wrong with training in stages between the fields of a spec. */
export function progressiveProblems({ student, training, progressive }: DistillationSpec): FieldProblem[] {
  if (!progressive) return [];
  const { assistants = [], growth } = progressive;
  return [
    ...chainProblems([...assistants.map((assistant) => assistant.student), student]),
    ...assistants.flatMap((assistant, i) => unseenProblems(assistant.student, `/progressive/assistants/${i}`)),
    ...(growth ? growthProblems(growth.stages, student, training.epochs) : []),
  ];
}

/** A teacher assistant is between its two neighbours in size; families cannot be compared before the data is known. */
function chainProblems(chain: StudentSpec[]): FieldProblem[] {
  return chain.slice(1).flatMap((learner, i) => {
    const [own, next] = [weightsOf(chain[i]), weightsOf(learner)];
    if (chain[i].family !== learner.family || own >= next) return [];
    const who = i === chain.length - 2 ? 'the student' : `assistant ${i + 2}`;
    const message = `has ${own} weights, fewer than ${who}, which learns from it (${next}): name the larger students first`;
    return [{ path: `/progressive/assistants/${i}/student`, message }];
  });
}

/** Nobody but the student is asked about other texts than those of the training. */
function unseenProblems({ unseenTokens }: StudentSpec, path: string): FieldProblem[] {
  if (unseenTokens === 0) return [];
  return [{ path: `${path}/student/unseenTokens`, message: 'is for the student alone: leave it out of an assistant' }];
}

/** Weights that do not depend on vocabulary and labels. */
function weightsOf(student: StudentSpec): number {
  if (student.family === 'encoder') return layerWeights(student);
  const { buckets, width, tokenWidth, hidden, minGram, maxGram } = student;
  return buckets * width + (tokenWidth + (maxGram - minGram + 1) * width) * hidden;
}

function growthProblems(
  stages: NonNullable<NonNullable<DistillationSpec['progressive']>['growth']>['stages'],
  student: StudentSpec,
  epochs: number,
): FieldProblem[] {
  const path = '/progressive/growth';
  if (student.family !== 'encoder') {
    return [{ path, message: 'adds layers to an encoder student: leave it out, or name the student.family "encoder"' }];
  }
  const problems: FieldProblem[] = [];
  for (const [i, { layers }] of stages.entries()) {
    const least = i === 0 ? 0 : stages[i - 1].layers;
    if (layers > least) continue;
    problems.push({
      path: `${path}/stages/${i}/layers`,
      message: `must be above that of the stage before (${least}), got ${layers}`,
    });
  }
  const last = stages.length - 1;
  if (stages[last].layers !== student.layers) {
    problems.push({
      path: `${path}/stages/${last}/layers`,
      message: `must be student.layers (${student.layers}) in the last stage, got ${stages[last].layers}`,
    });
  }
  const sum = stages.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > SHARE_TOLERANCE) {
    problems.push({ path: `${path}/stages`, message: `the shares of the stages must sum to 1, not ${sum}` });
    return problems;
  }
  for (const [i, count] of epochsOf(stages, epochs).entries()) {
    if (count >= 1) continue;
    problems.push({
      path: `${path}/stages/${i}/share`,
      message: `gives no whole epoch of training.epochs (${epochs}): raise it, or the epochs`,
    });
  }
  return problems;
}

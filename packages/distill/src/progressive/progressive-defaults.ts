import type { DistillationSpec } from '@retort/contracts';
import { isSection, type Section } from '../sections/is-section.js';
import { withDivergence } from '../sections/loss-problems.js';

type Fill = (spec: unknown) => DistillationSpec;

/**
 * Completes the section `progressive` of a spec that a user wrote. What an assistant leaves out of loss and training is as in the whole
 * spec, but for the learning rate of a student of another family, which is that family's own. Shares of epochs that are left out
 * are equal parts of what the others leave. Wrong fields are left to the schema's check.
 *
 * @param fill gives a spec its defaults
 */
export function withProgressiveDefaults(given: unknown, fill: Fill): unknown {
  if (!isSection(given) || !isSection(given.progressive)) return given;
  const { assistants, growth } = given.progressive;
  const progressive: Section = { ...given.progressive };
  if (Array.isArray(assistants)) progressive.assistants = assistants.map((one) => assistantOf(one, given, fill));
  if (isSection(growth) && Array.isArray(growth.stages))
    progressive.growth = { ...growth, stages: shared(growth.stages) };
  return { ...given, progressive };
}

function assistantOf(assistant: unknown, whole: Section, fill: Fill): unknown {
  if (!isSection(assistant)) return assistant;
  const { student: own = {}, loss: ownLoss = {}, training: ownTraining = {}, ...rest } = assistant;
  const { student = {}, loss = {}, training = {} } = whole;
  if (![own, ownLoss, ownTraining, student, loss, training].every(isSection)) return assistant;
  const { learningRate, ...inherited } = training as Section;
  const sameFamily = familyOf(own) === familyOf(student);
  const filled = fill({
    student: own,
    loss: { ...inheritedLoss(loss as Section, ownLoss as Section), ...(ownLoss as Section) },
    training: {
      ...inherited,
      ...(sameFamily && learningRate !== undefined ? { learningRate } : {}),
      ...(ownTraining as Section),
    },
  });
  return { ...rest, student: filled.student, loss: filled.loss, training: filled.training };
}

/** The parameters of a divergence that the assistant replaces would make its loss illegal. */
function inheritedLoss(whole: Section, { divergence }: Section): Section {
  return divergence === undefined ? whole : withDivergence(whole, divergence);
}

function shared(stages: unknown[]): unknown[] {
  const open = stages.filter((stage) => isSection(stage) && stage.share === undefined).length;
  const taken = stages.reduce<number>(
    (sum, stage) => sum + (isSection(stage) && typeof stage.share === 'number' ? stage.share : 0),
    0,
  );
  return stages.map((stage) => (isSection(stage) ? { share: (1 - taken) / open, ...stage } : stage));
}

function familyOf(student: unknown): unknown {
  return isSection(student) ? (student.family ?? 'static') : undefined;
}

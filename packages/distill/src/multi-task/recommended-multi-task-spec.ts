import type { MultiTaskSpec, Row } from '@retort/contracts';
import { type DatasetShape, inScope, shapeOf } from '../dataset/dataset-shape.js';
import { isSection } from '../sections/is-section.js';
import { hasValidation, RECOMMENDED_LOSS, readSource, withDefaults } from '../spec/recommended-spec.js';
import { recommendedStudent, type Source } from '../spec/recommended-student.js';
import { recommendedTraining } from '../spec/recommended-training.js';
import { rowsInEpoch } from './check-tasks.js';
import { resolveMultiTaskSpec } from './resolve-multi-task-spec.js';

/** What a recommendation for several tasks depends on. */
export interface RecommendedForTasks extends Source {
  /** Of each task's dataset. */
  shapes: readonly DatasetShape[];
}

/**
 * As `recommendedSpec`, for a student of several tasks: student, temperature, training and int8 where the user said nothing of them. The
 * student is the one that is good for the teacher of the first task, the training goes by the rows of an epoch of all of them.
 *
 * @param tasks as of {@link resolveMultiTaskSpec}
 * @throws RetortError `RT_INVALID_SPEC` as {@link resolveMultiTaskSpec} does
 */
export function recommendedMultiTaskSpec(
  input: unknown,
  tasks: readonly string[],
  { shapes, ...teacher }: RecommendedForTasks,
): MultiTaskSpec {
  const given = input ?? {};
  if (!isSection(given)) return resolveMultiTaskSpec(input, tasks);
  const canCheck = shapes.some((shape) => hasValidation(inScope(shape, undefined)));
  const asked = {
    ...given,
    ...recommendedStudent(given, teacher),
    ...(given.compression === undefined && canCheck ? { compression: {} } : {}),
    loss: withDefaults(given.loss, RECOMMENDED_LOSS),
  };
  const resolved = resolveMultiTaskSpec(asked, tasks);
  const training = recommendedTraining(resolved, { train: rowsInEpoch(shapes, resolved) });
  return resolveMultiTaskSpec({ ...asked, training: withDefaults(given.training, training) }, tasks);
}

/** {@link recommendedMultiTaskSpec} for the folder of the first task's teacher and the rows of each task. */
export async function recommendMultiTaskSpec(
  input: unknown,
  tasks: readonly { name: string; teacherDir: string; rows: readonly Row[] }[],
): Promise<MultiTaskSpec> {
  const source = await readSource(input, tasks[0].teacherDir);
  const names = tasks.map(({ name }) => name);
  return recommendedMultiTaskSpec(input, names, { ...source, shapes: tasks.map(({ rows }) => shapeOf(rows)) });
}

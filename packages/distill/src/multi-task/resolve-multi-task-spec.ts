import {
  type CompressionSpec,
  type FieldProblem,
  MultiTaskSettings,
  type MultiTaskSpec,
  RetortError,
  schemaProblems,
} from '@retort/contracts';
import { Value } from 'typebox/value';
import { invalidSpec } from '../sections/invalid-spec.js';
import { isSection } from '../sections/is-section.js';
import { multiTaskMixupProblems } from '../sections/mixup-problems.js';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';
import { withAutoSection } from '../sweep/auto-section.js';

const SECTIONS = ['student', 'loss', 'training', 'compression', 'multiTask'];

/**
 * Fills a user's spec of a student of several tasks with the defaults and checks it whole: `student`, `loss`, `training` and `compression`
 * (of int8 alone) as for one task, and `multiTask`.
 *
 * @param tasks names of the tasks that there are; undefined while they are not known, when settings may name any
 * @throws RetortError `RT_INVALID_SPEC` with one {@link FieldProblem} per finding
 */
export function resolveMultiTaskSpec(input: unknown, tasks: readonly string[] | undefined): MultiTaskSpec {
  const given = isSection(input) ? input : {};
  const problems: FieldProblem[] =
    isSection(input) || input === undefined ? [] : [{ path: '/', message: 'must be object' }];
  for (const section of Object.keys(given).filter((name) => !SECTIONS.includes(name))) {
    problems.push({ path: `/${section}`, message: 'does not go with several tasks: leave it out' });
  }
  const { student, loss, training, compression } = given;
  if (withAutoSection(given) !== given) {
    problems.push({ path: '/student', message: 'is "auto", which does not go with several tasks: name a family' });
  }
  const whole = orProblems(() => resolveSpec(withoutUndefined({ student, loss, training, compression })), problems);
  if (whole) problems.push(...multiTaskMixupProblems(whole), ...pruningProblems(whole.compression));
  const settings = Value.Default(MultiTaskSettings, Value.Clone(given.multiTask ?? {}));
  problems.push(...settingsProblems(settings, tasks));
  if (problems.length > 0 || whole === undefined) throw invalidSpec(problems);
  return {
    student: whole.student,
    loss: whole.loss,
    training: whole.training,
    ...(whole.compression && { compression: whole.compression }),
    multiTask: settings as MultiTaskSpec['multiTask'],
  };
}

/** As {@link storedSpec}, of a student of several tasks. */
export function storedMultiTaskSpec(stored: MultiTaskSpec): MultiTaskSpec {
  const { multiTask: _, ...sections } = stored;
  const { student, loss, training, compression } = storedSpec(sections);
  const multiTask = Value.Default(MultiTaskSettings, Value.Clone(stored.multiTask)) as MultiTaskSpec['multiTask'];
  return { student, loss, training, ...(compression && { compression }), multiTask };
}

/** Pruning is fine-tuned on the answers of one teacher, by the loss of one task. */
function pruningProblems(compression: CompressionSpec | undefined): FieldProblem[] {
  return (compression?.steps ?? []).flatMap(({ kind }, i) => {
    if (kind === 'quantize') return [];
    const message = `is "${kind}", which does not go with several tasks, only "quantize" does: leave the step out`;
    return [{ path: `/compression/steps/${i}/kind`, message }];
  });
}

function settingsProblems(settings: unknown, tasks: readonly string[] | undefined): FieldProblem[] {
  if (!Value.Check(MultiTaskSettings, settings)) {
    return schemaProblems(MultiTaskSettings, settings, 'is not a field of the spec').map(({ path, message }) => ({
      path: path === '/' ? '/multiTask' : `/multiTask${path}`,
      message,
    }));
  }
  if (tasks === undefined) return [];
  return Object.keys(settings.tasks)
    .filter((name) => !tasks.includes(name))
    .map((name) => ({ path: `/multiTask/tasks/${name}`, message: `is none of the tasks ${tasks.join(', ')}` }));
}

function orProblems<T>(work: () => T, problems: FieldProblem[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RetortError) || error.code !== 'RT_INVALID_SPEC') throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function withoutUndefined(sections: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(sections).filter(([, value]) => value !== undefined));
}

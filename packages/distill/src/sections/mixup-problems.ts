import type { DistillationSpec, FieldProblem } from '@retort/contracts';

/** What is wrong with the mixing of texts' vectors in a spec of one task. */
export function mixupProblems({ training }: Pick<DistillationSpec, 'training'>): FieldProblem[] {
  if (training.mixup === 0 || training.batchSize > 1) return [];
  const message = 'mixes the rows of a batch, which has one: raise training.batchSize to 2 at least, or set it to 0';
  return [{ path: '/training/mixup', message }];
}

/** The same for several tasks. */
export function multiTaskMixupProblems({ training }: Pick<DistillationSpec, 'training'>): FieldProblem[] {
  if (training.mixup === 0) return [];
  const message = 'does not go with several tasks, whose rows have no classes in common: set it to 0';
  return [{ path: '/training/mixup', message }];
}

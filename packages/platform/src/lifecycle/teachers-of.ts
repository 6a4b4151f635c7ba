import type { Dataset, Distillation, Prisma, Teacher } from '../generated/prisma/client.js';
import type { Transaction } from './transition.js';

/** A distillation with all of its teachers. */
export interface WithTeachers {
  teacher: Teacher;
  furtherTeachers: { teacher: Teacher }[];
}

/** A distillation with all of its tasks, and their data and teachers. */
export interface WithTasks extends WithTeachers {
  dataset: Dataset;
  furtherTasks: { taskName: string; dataset: Dataset; teacher: Teacher }[];
}

/** All that a worker must know of a distillation. */
export type WorkedOn = Distillation & WithTasks;

/**
 * Reads a distillation with its tasks, their datasets and teachers, one relation after the other: those that one query includes are read
 * at the same time, and a transaction has a single connection, which can do one thing at a time.
 */
export async function findWorkedOn(
  tx: Transaction,
  where: Prisma.DistillationWhereUniqueInput,
): Promise<WorkedOn | undefined> {
  const distillation = await tx.distillation.findUnique({ where });
  if (distillation === null) return undefined;
  const dataset = await tx.dataset.findUniqueOrThrow({ where: { id: distillation.datasetId } });
  const teacher = await tx.teacher.findUniqueOrThrow({ where: { id: distillation.teacherId } });
  const furtherTeachers = await tx.furtherTeacher.findMany({
    where: { distillationId: distillation.id },
    orderBy: { position: 'asc' },
    include: { teacher: true },
  });
  const furtherTasks: WithTasks['furtherTasks'] = [];
  const further = { where: { distillationId: distillation.id }, orderBy: { position: 'asc' } } as const;
  for (const { taskName, datasetId, teacherId } of await tx.furtherTask.findMany(further)) {
    furtherTasks.push({
      taskName,
      dataset: await tx.dataset.findUniqueOrThrow({ where: { id: datasetId } }),
      teacher: await tx.teacher.findUniqueOrThrow({ where: { id: teacherId } }),
    });
  }
  return { ...distillation, dataset, teacher, furtherTeachers, furtherTasks };
}

/** All teachers of a distillation, in the order that its spec's `ensemble` names them. At least 1. */
export function teachersOf({ teacher, furtherTeachers }: WithTeachers): Teacher[] {
  return [teacher, ...furtherTeachers.map((further) => further.teacher)];
}

import type { Dataset, Distillation, LabelShard, Teacher } from '../generated/prisma/client.js';
import { teachersOf, type WithTasks } from './teachers-of.js';

/** One of the tasks that a distillation's student answers. */
export interface DistilledTask {
  taskName: string;
  dataset: Dataset;
  /** At least 1; where the job has several tasks, the one of this task. */
  teachers: Teacher[];
}

/** All tasks of a distillation, in the order of its submission. At least 1. */
export function tasksOf(distillation: Pick<Distillation, 'taskName'> & WithTasks): DistilledTask[] {
  const { taskName, dataset, furtherTasks } = distillation;
  const further = furtherTasks.map(({ teacher, ...task }) => ({ ...task, teachers: [teacher] }));
  return [{ taskName, dataset, teachers: teachersOf(distillation) }, ...further];
}

/** A shard seen from its task. */
export interface TaskShard extends DistilledTask {
  /** Rows [start, end) of the task's dataset, of a single task followed by those of its transfer set. */
  start: number;
  end: number;
}

/** The task that a shard's rows are of: the shards run through the rows of one task's dataset after the other. */
export function taskOfShard(
  distillation: Pick<Distillation, 'taskName'> & WithTasks,
  { start, end }: Pick<LabelShard, 'start' | 'end'>,
): TaskShard {
  const tasks = tasksOf(distillation);
  let before = 0;
  let k = 0;
  // The rows of the last task have no end, as those of the transfer set come after them.
  for (; k < tasks.length - 1 && start >= before + tasks[k].dataset.rows; k++) before += tasks[k].dataset.rows;
  return { ...tasks[k], start: start - before, end: end - before };
}

import { createHash } from 'node:crypto';
import { type TrainingExamples, taskInputs } from '@retort/learn';
import type { EncodedRows } from '../dataset/encoded-rows.js';
import type { JoinedTasks } from './join-tasks.js';

/** The given rows as examples that tell, beside the texts, which task each row is of. */
export function taskExamples(
  encoded: EncodedRows,
  { heads, taskOf }: Pick<JoinedTasks, 'heads' | 'taskOf'>,
  rows: Int32Array,
  { training }: { training: boolean },
): TrainingExamples & Required<Pick<TrainingExamples, 'teacherLogits'>> {
  const examples = encoded.examples(rows);
  const tasks = Int32Array.from(rows, (row) => taskOf[row]);
  return {
    ...examples,
    digest: createHash('sha256').update(`${examples.digest} `).update(tasks).digest('hex'),
    inputs: (batch, length) => ({
      ...examples.inputs(batch, length),
      ...taskInputs(
        batch.map((i) => tasks[i]),
        heads,
        { training },
      ),
    }),
  };
}

import type { Gate, Lineage, StudentMetrics } from '@retort/contracts';
import type { TaskLabels } from '@retort/text';

/** Where one task's rows and soft labels come from. */
export type TaskOrigin = Pick<Lineage, 'dataset' | 'teacher'>;

/** What came of one task. */
export interface TrainedTask extends TaskOrigin, TaskLabels {
  name: string;
  /** What its logits were divided by, so that its confidences are calibrated. */
  temperature: number;
  metrics: StudentMetrics;
  gate: Gate;
}

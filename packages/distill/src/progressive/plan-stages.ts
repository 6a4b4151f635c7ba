import type { DistillationSpec } from '@retort/contracts';

/** One training of the chain that a spec asks for. */
export interface TrainingStage {
  /** `assistant-1`, `layers-2`, …, and last `student`: names its checkpoint and its metrics. */
  name: string;
  /** For people, in the progress: `assistant 1 of 2`. */
  label: string;
  spec: Pick<DistillationSpec, 'student' | 'loss' | 'training'>;
  /** Of an assistant: the weight of the teacher's soft labels, averaged with its own, in what the next stage learns from. */
  mix?: number;
  /** Of a depth after the first: the layers of the stage before, whose weights it starts from. */
  growsFrom?: number;
}

/** The trainings of a job in order: its assistants, the depths of its student, and last the student itself. */
export function planStages({ student, loss, training, progressive }: DistillationSpec): TrainingStage[] {
  const assistants = progressive?.assistants ?? [];
  const chain = assistants.map(({ mix, ...spec }, i) => ({
    name: `assistant-${i + 1}`,
    label: `assistant ${i + 1} of ${assistants.length}`,
    spec,
    mix,
  }));
  const whole = { student, loss, training };
  if (student.family !== 'encoder' || !progressive?.growth) {
    return [...chain, { name: 'student', label: 'student', spec: whole }];
  }
  const { stages } = progressive.growth;
  const epochs = epochsOf(stages, training.epochs);
  const depths = stages.map(({ layers }, i): TrainingStage => {
    // A student that starts from layers of its teacher starts from the first of them.
    const initFrom = student.initFrom && { layers: student.initFrom.layers.slice(0, layers) };
    return {
      name: i === stages.length - 1 ? 'student' : `layers-${layers}`,
      label: `depth ${i + 1} of ${stages.length} (${layers} layers)`,
      spec: {
        student: { ...student, layers, ...(initFrom ? { initFrom } : {}) },
        loss,
        training: { ...training, epochs: epochs[i] },
      },
      ...(i > 0 ? { growsFrom: stages[i - 1].layers } : {}),
    };
  });
  return [...chain, ...depths];
}

/** Whole epochs of each stage, by its share: all of them together are `epochs`, where the shares sum to 1. */
export function epochsOf(stages: readonly { share: number }[], epochs: number): number[] {
  let sum = 0;
  return stages.map(({ share }) => {
    const before = Math.round(epochs * sum);
    sum += share;
    return Math.round(epochs * sum) - before;
  });
}

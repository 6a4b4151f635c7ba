import type { DistillationSpec } from '@retort/contracts';

/** What one training is done by; the sections that are optional apply as {@link planStages} says. */
type StageSpec = Pick<DistillationSpec, 'student' | 'loss' | 'training' | 'softLabels' | 'curriculum' | 'features'>;

/** One training of the chain that a spec asks for. */
export interface TrainingStage {
  /** `assistant-1`, `layers-2`, …, and last `student`: names its checkpoint and its metrics. */
  name: string;
  /** For people, in the progress: `assistant 1 of 2`. */
  label: string;
  spec: StageSpec;
  /** Of an assistant: the weight of the teacher's soft labels, averaged with its own, in what the next stage learns from. */
  mix?: number;
  /** Of a depth after the first: the layers of the stage before, whose weights it starts from. */
  growsFrom?: number;
}

/**
 * The trainings of a job in order: its assistants, the depths of its student, and last the student itself. All of them take the teacher's
 * soft labels as `softLabels` adjusts and weighs them. `curriculum` and `features` are of the student itself, which in the last stage
 * has all of its layers: assistants and shallower depths see every row in every epoch and nothing of what is inside the teacher.
 */
export function planStages(whole: DistillationSpec): TrainingStage[] {
  const { student, loss, training, softLabels, curriculum, features, progressive } = whole;
  const assistants = progressive?.assistants ?? [];
  const chain = assistants.map(({ mix, ...spec }, i) => ({
    name: `assistant-${i + 1}`,
    label: `assistant ${i + 1} of ${assistants.length}`,
    spec: { ...spec, softLabels },
    mix,
  }));
  const ofStudent = { softLabels, curriculum, features };
  if (student.family !== 'encoder' || !progressive?.growth) {
    return [...chain, { name: 'student', label: 'student', spec: { student, loss, training, ...ofStudent } }];
  }
  const { stages } = progressive.growth;
  const epochs = epochsOf(stages, training.epochs);
  const depths = stages.map(({ layers }, i): TrainingStage => {
    const isLast = i === stages.length - 1;
    // A student that starts from layers of its teacher starts from the first of them.
    const initFrom = student.initFrom && { layers: student.initFrom.layers.slice(0, layers) };
    return {
      name: isLast ? 'student' : `layers-${layers}`,
      label: `depth ${i + 1} of ${stages.length} (${layers} layers)`,
      spec: {
        student: { ...student, layers, ...(initFrom ? { initFrom } : {}) },
        loss,
        training: { ...training, epochs: epochs[i] },
        ...(isLast ? ofStudent : { softLabels }),
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

/**
 * The fewest epochs, at least `from`, of which every depth that the student grows through gets a whole one; those of the spec, which must
 * be enough, are the most. Without growth `from` itself.
 */
export function epochsToGrow({ training, progressive }: DistillationSpec, from: number): number {
  const stages = progressive?.growth?.stages ?? [];
  let epochs = from;
  while (epochs < training.epochs && epochsOf(stages, epochs).includes(0)) epochs++;
  return epochs;
}

import { join } from 'node:path';
import { type MultiTaskSpec, type TaskLineage, VERSION } from '@retort/contracts';
import {
  gateText,
  resolveMultiTaskSpec,
  type TrainedTask,
  type TrainedTasks,
  type TrainTasksOptions,
} from '@retort/distill';
import {
  type Claim,
  type ClaimOutcome,
  endCancelled,
  labellingOf,
  noteLabelled,
  reportProgress,
  storeFolder,
  succeedDistillation,
  tasksOf,
} from '@retort/platform';
import { type Registration, registerModelVersion } from '@retort/registry';
import { coalesceProgress, type TrainerDeps } from './deps.js';
import { type RunInThreadOptions, runInThread } from './run-in-thread.js';
import { readTeachers } from './training-data.js';

type Distillation = Extract<ClaimOutcome, { kind: 'claimed' }>['distillation'];
type Control = Pick<RunInThreadOptions, 'signal' | 'onWarning'>;

/**
 * Trains the student of a distillation of several tasks, and registers it as a version of each of them: the same files, with what was
 * measured of the task, and whether that passed its gate. A failed gate ends the job no differently; who deploys a version looks at it.
 */
export async function trainSeveral(
  deps: TrainerDeps,
  { claim, distillation }: { claim: Claim; distillation: Distillation },
  control: Control,
): Promise<void> {
  const { signal } = control;
  const { database, artifacts, logger } = deps.context;
  const spec = resolveMultiTaskSpec(distillation.spec, namesOf(distillation));
  await deps.scratch.use(claim, async (folder) => {
    const outDir = join(folder, 'student');
    const trained = await trainInThread(deps, { claim, distillation, spec, outDir }, control);
    await noteLabelled(database, claim, await labellingOf(database, claim.id));
    const files = await storeFolder(artifacts, outDir, { signal });
    const versions = registrations(trained, { distillationId: claim.id, files, spec });
    const [first, ...further] = versions;
    const succeeded = await succeedDistillation(database, claim, {
      metrics: first.metrics,
      furtherMetrics: further.map(({ taskName: task, metrics }) => ({ task, metrics })),
      register: async (tx) => {
        // Each locks its task: in the order of their names, so that two jobs of the same tasks never wait for each other.
        const sorted = [...versions].sort((a, b) => (a.taskName < b.taskName ? -1 : 1));
        for (const version of sorted) await registerModelVersion(tx, version);
      },
    });
    // Not ours any more, or cancelled at the last moment: which of them, the row knows.
    if (!succeeded) await endCancelled(database, claim.id);
    for (const task of succeeded ? trained.tasks : []) {
      if (task.gate.passed) continue;
      logger.warn({ distillation: claim.id, task: task.name }, `the gate of a task: ${gateText(task)}`);
    }
  });
}

function namesOf(distillation: Distillation): string[] {
  return tasksOf(distillation).map(({ taskName }) => taskName);
}

/** One version for each task, in their order. */
function registrations(
  { tasks, digest }: TrainedTasks,
  { spec, ...common }: Pick<Registration, 'distillationId' | 'files'> & { spec: MultiTaskSpec },
): Registration[] {
  const { distillationId } = common;
  const made = { spec, seed: spec.training.seed, codeVersion: VERSION, distillationId };
  const names = tasks.map(({ name }) => name);
  return tasks.map(({ name, dataset, teacher, metrics, gate }: TrainedTask) => {
    const lineage: TaskLineage = { dataset, teacher, ...made, tasks: names };
    return { ...common, taskName: name, digest, lineage, metrics: { ...metrics, gate } };
  });
}

async function trainInThread(
  deps: TrainerDeps,
  job: { claim: Claim; distillation: Distillation; spec: MultiTaskSpec; outDir: string },
  control: Control,
): Promise<TrainedTasks> {
  const { database, config } = deps.context;
  const { claim, distillation, spec, outDir } = job;
  const tasks = await labelledTasks(deps, distillation, control.signal);
  const progress = coalesceProgress(deps, claim.id, (value) => reportProgress(database, claim, value));
  try {
    return await runInThread(
      'tasks',
      {
        ...{ tasks, spec, outDir },
        name: namesOf(distillation).join(', '),
        threads: config.trainThreads,
        checkpoint: { path: deps.scratch.checkpointOf(claim), everySeconds: config.checkpointSeconds },
      },
      {
        ...control,
        onProgress: progress.push,
        transfer: tasks.map(({ teacherLogits }) => teacherLogits.buffer as ArrayBuffer),
      },
    );
  } finally {
    await progress.flush();
  }
}

/** The rows of each task, with the answers of its teacher, of a distillation whose labelling is over. */
async function labelledTasks(
  deps: TrainerDeps,
  distillation: Distillation,
  signal: AbortSignal,
): Promise<TrainTasksOptions['tasks'][number][]> {
  const labelled: TrainTasksOptions['tasks'][number][] = [];
  for (const { taskName, dataset, teachers } of tasksOf(distillation)) {
    const rows = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, signal);
    const [{ id, name, digest, labels, logits, dir }] = await readTeachers(deps, teachers, rows);
    const origin = {
      dataset: { id: dataset.id, digest: dataset.rowsDigest, rows: dataset.rows },
      teacher: { id, name, digest },
    };
    labelled.push({ name: taskName, rows, labels, teacherLogits: logits, teacherDir: dir, origin });
  }
  return labelled;
}

/**
 * Entry of the worker thread that trains: native runs are synchronous and would stop the event loop that renews the
 * job's lock. One task from `workerData`, then the thread ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { OnProgress, RetortError } from '@retort/contracts';
import { planSearch, runTrial, type TrainFromTeachersOptions, trainFromTeachers, trainTasks } from '@retort/distill';
import { toWire } from '@retort/runtime';
import { fineTune, trainTeacherHead } from '@retort/teachers';
import type { FromThread, JobCheckpoint, Task, ToThread, TrainingWarning } from './thread-messages.js';

const port = parentPort;
if (port === null) throw new Error('training-thread runs as a worker thread only.');
const send = (message: FromThread): void => port.postMessage(message);

const controller = new AbortController();
port.on('message', (message: ToThread) => {
  if (message.type === 'abort') controller.abort();
});

/** A job's checkpoint lies in a folder of the trainer's own, and the job is worth more than it. */
function tolerant(checkpoint: JobCheckpoint): TrainFromTeachersOptions['checkpoint'] {
  const warn = (warning: TrainingWarning) => (error: RetortError) =>
    send({ type: 'warning', warning, error: toWire(error) });
  return {
    ...checkpoint,
    onRefused: warn('checkpoint refused, starting anew'),
    onSaveFailed: warn('checkpoint not saved'),
  };
}

function perform(task: Task) {
  const { signal } = controller;
  const onProgress: OnProgress = (progress) => send({ type: 'progress', progress });
  switch (task.kind) {
    case 'student':
      return trainFromTeachers({ ...task.options, checkpoint: tolerant(task.options.checkpoint), signal, onProgress });
    case 'tasks':
      return trainTasks({ ...task.options, checkpoint: tolerant(task.options.checkpoint), signal, onProgress });
    case 'trial': {
      const { key, seconds, ...options } = task.options;
      const plan = planSearch(options.spec);
      if (plan === undefined) throw new Error('A trial is of a spec that searches for something.');
      return runTrial(plan, key, seconds, { ...options, signal });
    }
    case 'teacher-head':
      return trainTeacherHead({ ...task.options, signal, onProgress });
    case 'fine-tune':
      return fineTune({ ...task.options, checkpoint: tolerant(task.options.checkpoint), signal, onProgress });
  }
}

try {
  send({ type: 'done', result: await perform(workerData as Task) });
} catch (error) {
  send({ type: 'failed', error: toWire(error) });
} finally {
  port.close();
}

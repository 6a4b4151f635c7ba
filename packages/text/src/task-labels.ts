import { RetortError } from '@retort/contracts/values';
import { isObject } from './tokenizer-files.js';

/**
 * What `config.json` says of one of several tasks, under `task_specific_params.<task>`: Hugging Face's place for it, which its runtimes
 * leave alone.
 */
export interface TaskLabels {
  /** In the order of the output `logits.<task>`. */
  labels: string[];
  /** Place of the first among the labels of all tasks, `id2label`. */
  offset: number;
}

/** The tasks that a `config.json` names; none where the folder answers one. */
export function taskNamesOf({ task_specific_params: tasks }: Record<string, unknown>): string[] {
  return isObject(tasks) ? Object.keys(tasks).filter((task) => isTaskLabels(tasks[task])) : [];
}

/** The labels of one task. @throws RetortError `RT_INVALID_MODEL` naming the tasks that there are */
export function taskLabelsOf(config: Record<string, unknown>, task: string): string[] {
  const names = taskNamesOf(config);
  if (!names.includes(task)) {
    const known = names.length > 0 ? `its tasks are ${names.join(', ')}` : 'it answers one task, without a name';
    throw new RetortError('RT_INVALID_MODEL', `The model does not know the task "${task}": ${known}.`);
  }
  return (config.task_specific_params as Record<string, TaskLabels>)[task].labels;
}

function isTaskLabels(value: unknown): value is TaskLabels {
  if (!isObject(value)) return false;
  const { labels, offset } = value;
  return Array.isArray(labels) && labels.every((label) => typeof label === 'string') && Number.isInteger(offset);
}

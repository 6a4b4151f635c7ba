import { resolve } from 'node:path';
import type { TeacherManifest } from '@retort/contracts';
import { entryOf, runInChild } from '@retort/runtime';
import type { InspectOptions } from './inspect-folder.js';
import { asTeacher } from './invalid-teacher.js';

/**
 * Longest that an inspection may take: a large model loads in seconds; one that loops forever never comes back. Well below
 * the 120 s after which the API cuts an idle connection, so that who registers the model still hears what is wrong with it.
 */
const TIMEOUT = 60_000;

/**
 * Checks a model folder before anything relies on it: the files that are there, the tokenizer against the embedding table, the
 * graph's inputs and outputs, the labels against the logits, and a trial run on short and longest texts. It all happens in a
 * child process, so that a model that crashes ONNX Runtime or never returns is an error like any other.
 *
 * The folder holds `onnx/model.onnx` or `model.onnx`, `tokenizer.json` and optionally `tokenizer_config.json`, `config.json`
 * (of a classifier: `id2label`) and `1_Pooling/config.json`. A graph with `logits` `[batch, labels]` is a classifier, one with
 * an embedding or token vectors an encoder.
 *
 * @param options.timeoutMs default 60,000
 * @throws RetortError `RT_INVALID_TEACHER` naming the file, field, input or output and what to do; `RT_TOO_LARGE`
 * for a graph over 2 GiB - 1; `RT_CANCELLED`
 */
export function inspectModelFolder(
  dir: string,
  { timeoutMs = TIMEOUT, signal, ...options }: InspectOptions & { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<TeacherManifest> {
  const entry = entryOf('@retort/teachers/inspector', import.meta.url);
  const request = { dir: resolve(dir), options };
  return asTeacher(() => runInChild<TeacherManifest>({ entry, request, timeoutMs, signal, what: 'Trying the model' }));
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MODEL_PATHS } from '@retort/text';
import { POOLING_FILE } from './embedding-output.js';
import { invalidTeacher } from './invalid-teacher.js';

/** The files of a model folder that Retort reads. Paths are relative to it. */
export interface TeacherFiles {
  model: string;
  /** `model`, the tokenizer and the configurations that are there. */
  all: string[];
}

const OPTIONAL = ['tokenizer_config.json', 'config.json', POOLING_FILE];

/**
 * Finds the files of a teacher in a folder.
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming what is missing, and what stands there in its place
 */
export async function findTeacherFiles(dir: string): Promise<TeacherFiles> {
  const found = await stat(dir).catch(() => undefined);
  if (!found?.isDirectory()) throw invalidTeacher(`The teacher's folder "${dir}" does not exist.`);
  const present = new Set<string>();
  for (const sub of ['', 'onnx', '1_Pooling']) {
    const entries = await readdir(join(dir, sub), { withFileTypes: true }).catch(() => []);
    for (const entry of entries)
      if (!entry.isDirectory()) present.add(sub === '' ? entry.name : `${sub}/${entry.name}`);
  }
  const model = MODEL_PATHS.find((path) => present.has(path));
  if (model === undefined) throw invalidTeacher(missingModel([...present].sort()));
  if (!present.has('tokenizer.json')) throw invalidTeacher(missingTokenizer([...present]));
  return { model, all: [model, 'tokenizer.json', ...OPTIONAL.filter((path) => present.has(path))] };
}

function missingModel(present: string[]): string {
  const missing = `The teacher's folder has no ${MODEL_PATHS.join(' and no ')}`;
  const graphs = present.filter((path) => path.endsWith('.onnx'));
  if (graphs.length > 0) return `${missing}, but ${graphs.join(', ')}: name the graph to use ${MODEL_PATHS[0]}.`;
  const weights = present.find((path) => /\.(safetensors|bin|pt|pth|h5|msgpack|gguf)$/.test(path));
  if (weights !== undefined) {
    return `${missing}, only the weights ${weights}: export the model to ONNX, for example with "optimum-cli export onnx".`;
  }
  return `${missing}.`;
}

function missingTokenizer(present: string[]): string {
  const missing = "The teacher's folder has no tokenizer.json";
  const slow = present.find((path) => /^(vocab\.(txt|json)|merges\.txt|.*\.model)$/.test(path));
  if (slow === undefined) return `${missing}.`;
  return `${missing}, only ${slow}: save the fast tokenizer (AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…)).`;
}

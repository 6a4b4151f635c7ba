import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BertShape, RetortError } from '@retort/contracts/values';
import { readBert } from '@retort/learn';
import { type Model, readModel, unfuse } from '@retort/onnx';
import { asTeacher } from './invalid-teacher.js';
import { findTeacherFiles } from './teacher-files.js';

/** The shape of a BERT whose weights an encoder student can start from; null for a graph of another shape, or one that only a runtime can read. */
export function bertShape(model: Model): BertShape | null {
  try {
    const { layers, width, heads } = readBert(unfuse(model));
    return { layers: layers.length, width, heads };
  } catch (error) {
    if (error instanceof RetortError) return null;
    throw error;
  }
}

/** {@link bertShape} of a teacher's folder. @throws RetortError `RT_INVALID_TEACHER` */
export function readBertShape(dir: string): Promise<BertShape | null> {
  return asTeacher(async () => {
    const { model } = await findTeacherFiles(dir);
    return bertShape(readModel(await readFile(join(dir, model))));
  });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TeacherManifest } from '@retort/contracts';
import { type Model, readModel } from '@retort/onnx';
import { bertShape } from './bert-shape.js';
import { checkGraphSize } from './graph-size.js';
import { asTeacher } from './invalid-teacher.js';
import { findTeacherFiles } from './teacher-files.js';
import { tokenEmbeddings } from './token-embeddings.js';
import { tokenizerType } from './tokenizer-type.js';
import { WORD_TOKENIZERS } from './word-vectors.js';

/** What a student can take over from a teacher, besides its answers. */
export type GraphFacts = Required<Pick<TeacherManifest, 'bert' | 'wordVectors'>>;

/** @param type of its tokenizer, as {@link tokenizerType} says it */
export function graphFacts(model: Model, type: string): GraphFacts {
  return {
    bert: bertShape(model),
    wordVectors: WORD_TOKENIZERS.includes(type) && !('missing' in tokenEmbeddings(model)),
  };
}

/** {@link graphFacts} of a teacher's folder, and the type of its tokenizer. @throws RetortError `RT_INVALID_TEACHER`, `RT_TOO_LARGE` */
export function readGraphFacts(dir: string): Promise<GraphFacts & { tokenizer: string }> {
  return asTeacher(async () => {
    const [tokenizer, { model }] = await Promise.all([tokenizerType(dir), findTeacherFiles(dir)]);
    await checkGraphSize(dir, model);
    return { tokenizer, ...graphFacts(readModel(await readFile(join(dir, model))), tokenizer) };
  });
}

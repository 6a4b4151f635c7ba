import { readJson } from '@retort/text';
import { asTeacher } from './invalid-teacher.js';
import { findTeacherFiles } from './teacher-files.js';

/**
 * What kind of tokens a teacher's folder reads, as its tokenizer calls its model: `WordPiece`, `Unigram`, `BPE`, `WordLevel`…
 *
 * @throws RetortError `RT_INVALID_TEACHER` for a folder without a graph or a tokenizer
 */
export function tokenizerType(dir: string): Promise<string> {
  return asTeacher(async () => {
    await findTeacherFiles(dir);
    const { model } = await readJson(dir, 'tokenizer.json');
    const { type } = (model ?? {}) as { type?: unknown };
    return typeof type === 'string' ? type : 'unknown';
  });
}

import { RetortError, type StaticStudent } from '@retort/contracts';
import { startTokens, staticStudent, type TrainableModel } from '@retort/learn';
import { readTokenEmbeddings } from '@retort/teachers';
import { characterTokenizer, loadTokenizer, type TokenizerFiles } from '@retort/text';
import { huggingFaceConfig } from './hugging-face-config.js';
import type { DraftOptions, StudentDraft } from './student-draft.js';
import { trimmedTokenizer } from './trimmed-tokenizer.js';

/**
 * A new static student, with a tokenizer of the texts' characters, or its teacher's, trimmed to the texts. In the latter case its table of
 * tokens starts from the teacher's embeddings, where it has a table of them.
 *
 * @throws RetortError `RT_INVALID_SPEC` for a teacher whose tokens cannot be read
 */
export async function draftStatic(student: StaticStudent, options: DraftOptions): Promise<StudentDraft> {
  const { texts, labels, seed } = options;
  const { maxLength } = student;
  const trimmed =
    student.tokens === 'teacher' ? await trimmedTokenizer(options.teacherDir, texts, maxLength) : undefined;
  if (student.tokens === 'teacher' && trimmed === undefined) throw unreadable();
  const files: TokenizerFiles = trimmed ?? characterTokenizer(texts, { maxLength });
  const tokenizer = loadTokenizer(files.tokenizer, files.config);
  const { vocabularySize, padId } = tokenizer;
  const fresh = staticStudent(student, { vocabularySize, classes: labels.length, seed });
  const trainable = trimmed && student.tokenWidth > 0 ? await started(fresh, trimmed.kept, options) : fresh;
  return {
    ...trainable,
    tokenizer,
    teacherIds: trimmed?.kept,
    files: {
      'config.json': huggingFaceConfig(labels, {
        vocab_size: vocabularySize,
        max_position_embeddings: maxLength,
        pad_token_id: padId,
      }),
      'tokenizer.json': files.tokenizer,
      'tokenizer_config.json': files.config,
    },
  };
}

/** With the teacher's embeddings of the tokens that it has. @param kept teacher's id of each of the student's */
async function started(
  fresh: TrainableModel,
  kept: Int32Array,
  { teacherDir, seed }: Pick<DraftOptions, 'teacherDir' | 'seed'>,
): Promise<TrainableModel> {
  const table = await readTokenEmbeddings(teacherDir);
  if ('missing' in table || kept.some((id) => id >= table.rows)) return fresh;
  const { width } = table;
  const values = new Float32Array(kept.length * width);
  for (const [row, id] of kept.entries()) values.set(table.values.subarray(id * width, (id + 1) * width), row * width);
  return startTokens(fresh, { rows: kept.length, columns: width, values }, seed);
}

function unreadable(): RetortError {
  return new RetortError(
    'RT_INVALID_SPEC',
    'student.tokens is "teacher", but the teacher\'s tokenizer is neither WordPiece nor Unigram: use "characters", or take another teacher.',
  );
}

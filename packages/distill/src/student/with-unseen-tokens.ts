import type { StudentMetrics, StudentSpec } from '@retort/contracts';
import { growVocabulary } from '@retort/learn';
import { readTokenEmbeddings } from '@retort/teachers';
import { extendVocabulary, loadTokenizer, readJson } from '@retort/text';
import type { StudentDraft } from './student-draft.js';

export interface WithUnseenTokens {
  student: StudentDraft;
  /** Absent where it was given none. */
  unseenTokens?: NonNullable<StudentMetrics['unseenTokens']>;
}

/**
 * The trained student with as many tokens more as the spec says, of those that its training text has not. Its answers to texts without them
 * stay as they are. It stays as it is where it does not read the teacher's tokens, or its table cannot be told from the teacher's.
 *
 * @param encodings token ids of the texts that it was trained on
 */
export async function withUnseenTokens(
  trained: StudentDraft,
  { unseenTokens: count, maxLength }: StudentSpec,
  { teacherDir, encodings }: { teacherDir: string; encodings: readonly Int32Array[] },
): Promise<WithUnseenTokens> {
  const kept = trained.teacherIds;
  if (count === 0 || !kept) return { student: trained };
  const table = await readTokenEmbeddings(teacherDir);
  if ('missing' in table) return { student: trained };
  const json = await readJson(teacherDir, 'tokenizer.json');
  const config = await readJson(teacherDir, 'tokenizer_config.json', { optional: true });
  const extended = extendVocabulary(json, config, kept, { count, maxLength });
  const unseen = extended.kept.subarray(kept.length);
  const teacher = { rows: table.rows, columns: table.width, values: table.values };
  const met = { kept, trained: idsOf(encodings), unseen, teacher };
  const grown = unseen.length > 0 ? growVocabulary(trained, met) : undefined;
  if (!grown) return { student: trained };
  const tokenizer = loadTokenizer(extended.tokenizer, extended.config);
  const student: StudentDraft = {
    ...trained,
    ...grown.student,
    tokenizer,
    teacherIds: extended.kept,
    files: {
      ...trained.files,
      'config.json': { ...trained.files['config.json'], vocab_size: tokenizer.vocabularySize },
      'tokenizer.json': extended.tokenizer,
      'tokenizer_config.json': extended.config,
    },
  };
  return { student, unseenTokens: { added: unseen.length, fit: grown.fit } };
}

/** Every id that texts have, once, in rising order. */
function idsOf(encodings: readonly Int32Array[]): Int32Array {
  const ids = new Set<number>();
  for (const encoding of encodings) for (const id of encoding) ids.add(id);
  return Int32Array.from(ids).sort();
}

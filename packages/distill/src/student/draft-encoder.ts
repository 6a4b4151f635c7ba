import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EncoderStudent, RetortError } from '@retort/contracts';
import {
  type BertWeights,
  encoderStudent,
  initializeEncoder,
  LAYER_NORM_EPSILON,
  readBert,
  type TrainableModel,
} from '@retort/learn';
import { readModel, unfuse } from '@retort/onnx';
import { characterTokenizer, findModelFile, loadTokenizer, type Tokenizer } from '@retort/text';
import { huggingFaceConfig } from './hugging-face-config.js';
import type { DraftOptions, StudentDraft } from './student-draft.js';
import { trimmedTokenizer } from './trimmed-tokenizer.js';

/**
 * A new encoder student with its teacher's tokenizer, trimmed; or, where that is neither WordPiece nor Unigram, one of characters.
 *
 * @throws RetortError `RT_INVALID_SPEC` where the student is to start from a teacher that it cannot start from
 */
export async function draftEncoder(student: EncoderStudent, options: DraftOptions): Promise<StudentDraft> {
  const { texts, labels, teacherDir, seed } = options;
  const { maxLength } = student;
  const trimmed = await trimmedTokenizer(teacherDir, texts, maxLength);
  const files = trimmed ?? characterTokenizer(texts, { maxLength });
  const tokenizer = loadTokenizer(files.tokenizer, files.config);
  const { vocabularySize } = tokenizer;
  const fresh = encoderStudent(student, { vocabularySize, classes: labels.length, seed });
  return {
    ...(student.initFrom ? await fromTeacher(fresh, student, { teacherDir, kept: trimmed?.kept, seed }) : fresh),
    tokenizer,
    teacherIds: trimmed?.kept,
    files: {
      'config.json': huggingFaceConfig(labels, bertConfig(student, tokenizer)),
      'tokenizer.json': files.tokenizer,
      'tokenizer_config.json': files.config,
    },
  };
}

async function fromTeacher(
  fresh: TrainableModel,
  student: EncoderStudent,
  { teacherDir, kept, seed }: { teacherDir: string; kept: Int32Array | undefined; seed: number },
): Promise<TrainableModel> {
  const unfit = (reason: string, cause?: unknown) =>
    new RetortError('RT_INVALID_SPEC', `student.initFrom: ${reason} Leave initFrom out, or take another teacher.`, {
      problems: [{ path: '/student/initFrom', message: reason }],
      cause,
    });
  if (!kept)
    throw unfit("the teacher's tokenizer is neither WordPiece nor Unigram, so the student cannot read as it does.");
  const model = readModel(await readFile(join(teacherDir, await findModelFile(teacherDir))));
  let teacher: BertWeights;
  try {
    teacher = readBert(unfuse(model));
  } catch (error) {
    if (error instanceof RetortError) throw unfit(error.message, error);
    throw error;
  }
  return initializeEncoder(fresh, student, { teacher, kept, seed });
}

/** What `config.json` says of a BERT's shape. Dropout is named as it was in training. */
function bertConfig(student: EncoderStudent, { vocabularySize, padId }: Tokenizer): object {
  return {
    vocab_size: vocabularySize,
    hidden_size: student.width,
    num_hidden_layers: student.layers,
    num_attention_heads: student.heads,
    intermediate_size: student.intermediate,
    hidden_act: 'gelu',
    layer_norm_eps: LAYER_NORM_EPSILON,
    max_position_embeddings: student.maxLength,
    position_embedding_type: 'absolute',
    // The one segment that there is has no embedding of its own: it is part of the positions'.
    type_vocab_size: 1,
    hidden_dropout_prob: student.dropout,
    attention_probs_dropout_prob: student.dropout,
    pad_token_id: padId,
  };
}

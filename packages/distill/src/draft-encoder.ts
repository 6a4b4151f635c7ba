import type { EncoderStudent } from '@retort/contracts';
import { encoderStudent, LAYER_NORM_EPSILON } from '@retort/learn';
import { characterTokenizer, loadTokenizer, readJson, type Tokenizer, trimVocabulary } from '@retort/text';
import type { DraftOptions, StudentDraft } from './draft-student.js';
import { huggingFaceConfig } from './hugging-face-config.js';

/** A new encoder student, with its teacher's tokenizer. */
export async function draftEncoder(student: EncoderStudent, options: DraftOptions): Promise<StudentDraft> {
  const { labels, seed } = options;
  const { tokenizer: json, config } = await encoderTokenizer(student, options);
  const tokenizer = loadTokenizer(json, config);
  const { vocabularySize } = tokenizer;
  const trainable = encoderStudent(student, { vocabularySize, classes: labels.length, seed });
  return {
    ...trainable,
    tokenizer,
    files: {
      'config.json': huggingFaceConfig(labels, bertConfig(student, tokenizer)),
      'tokenizer.json': json,
      'tokenizer_config.json': config,
    },
  };
}

/** The teacher's tokenizer with the tokens that the texts use, or one of characters where the teacher's cannot be trimmed. */
async function encoderTokenizer({ maxLength }: EncoderStudent, { texts, teacherDir }: DraftOptions) {
  const json = await readJson(teacherDir, 'tokenizer.json');
  const config = await readJson(teacherDir, 'tokenizer_config.json', { optional: true });
  const trimmed = trimVocabulary(json, config, texts, { maxLength });
  return trimmed ?? characterTokenizer(texts, { maxLength });
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

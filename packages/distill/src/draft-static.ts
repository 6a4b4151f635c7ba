import type { StaticStudent } from '@retort/contracts';
import { staticStudent } from '@retort/learn';
import { characterTokenizer, loadTokenizer } from '@retort/text';
import type { DraftOptions, StudentDraft } from './draft-student.js';
import { huggingFaceConfig } from './hugging-face-config.js';

/** A new static student, with a tokenizer of the texts' characters. */
export function draftStatic(student: StaticStudent, { texts, labels, seed }: DraftOptions): StudentDraft {
  const { maxLength } = student;
  const { tokenizer: json, config } = characterTokenizer(texts, { maxLength });
  const tokenizer = loadTokenizer(json, config);
  const { vocabularySize } = tokenizer;
  const trainable = staticStudent(student, { vocabularySize, classes: labels.length, seed });
  return {
    ...trainable,
    tokenizer,
    files: {
      'config.json': huggingFaceConfig(labels, {
        vocab_size: vocabularySize,
        max_position_embeddings: maxLength,
        pad_token_id: 0,
      }),
      'tokenizer.json': json,
      'tokenizer_config.json': config,
    },
  };
}

import type { DistillationSpec } from '@retort/contracts';
import { staticStudent, type TrainableModel } from '@retort/learn';
import { characterTokenizer, loadTokenizer, type Tokenizer } from '@retort/text';

/** An untrained student with the tokenizer that feeds it. */
export interface StudentDraft extends TrainableModel {
  tokenizer: Tokenizer;
  /** Contents of the folder's JSON files, by path. */
  files: Record<string, object>;
}

/**
 * Builds the student that a spec asks for.
 *
 * @param texts training texts: the tokenizer's vocabulary comes from them
 * @param labels names in the order of the logits
 */
export function draftStudent(
  spec: DistillationSpec,
  texts: readonly string[],
  labels: readonly string[],
): StudentDraft {
  const { student, training } = spec;
  const { tokenizer: json, config } = characterTokenizer(texts, { maxLength: student.maxLength });
  const tokenizer = loadTokenizer(json, config);
  const { vocabularySize } = tokenizer;
  const trainable = staticStudent(student, { vocabularySize, classes: labels.length, seed: training.seed });
  return {
    ...trainable,
    tokenizer,
    files: {
      'config.json': huggingFaceConfig(labels, vocabularySize, student.maxLength),
      'tokenizer.json': json,
      'tokenizer_config.json': config,
    },
  };
}

/** `config.json`: to Hugging Face runtimes a BERT-shaped sequence classifier, the shape whose inputs and output it has. */
function huggingFaceConfig(labels: readonly string[], vocabulary: number, maxLength: number): object {
  return {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    vocab_size: vocabulary,
    max_position_embeddings: maxLength,
    pad_token_id: 0,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}

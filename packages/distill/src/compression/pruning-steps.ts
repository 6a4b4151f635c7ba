import type { CompressionStep } from '@retort/contracts';
import {
  attentionLayers,
  hiddenLayers,
  keepTokens,
  type LossOptions,
  magnitudeMasks,
  normImportance,
  outputMatrix,
  prunableMatrices,
  pruneHeads,
  pruneHidden,
  pruneMagnitude,
  type TrainableModel,
  type TrainingExamples,
  taylorImportance,
  type UnitRows,
} from '@retort/learn';
import { findInitializer, withoutDropout } from '@retort/onnx';
import { loadTokenizer, trimVocabulary } from '@retort/text';
import type { StudentDraft } from '../student/student-draft.js';

/** A trained student on its way through the steps. */
export interface CompressibleStudent extends StudentDraft {
  /** Matrices whose zeros are to stay zeros when they are trained on. */
  sparse: string[];
}

/** What the steps look at besides the student. */
export interface PruningData {
  /** The training rows, as the student reads them. */
  examples: TrainingExamples;
  /** Their texts. */
  texts: readonly string[];
  loss: LossOptions;
  seed: number;
  threads?: number;
  signal?: AbortSignal;
}

/** A smaller student, or why there is none. */
export type Pruning = CompressibleStudent | string;

/** Applies one pruning step, without any training after it. Fields that the step does not name have their defaults. */
export async function prune(student: CompressibleStudent, step: CompressionStep, data: PruningData): Promise<Pruning> {
  switch (step.kind) {
    case 'prune-heads':
      return withFewerHeads(student, step, data);
    case 'prune-hidden':
      return withFewerUnits(student, step, data);
    case 'prune-magnitude':
      return withZeros(student, step);
    case 'prune-vocabulary':
      return withFewerTokens(student, step, data);
    case 'quantize':
      throw new Error('quantize is no pruning step.');
  }
}

async function withFewerHeads(
  student: CompressibleStudent,
  step: CompressionStep,
  data: PruningData,
): Promise<Pruning> {
  const layers = attentionLayers(student);
  if (layers.every(({ heads }) => heads === 1)) return 'there is no layer with a head to spare';
  const units = layers.map((layer) => ({ matrix: outputMatrix(layer), group: layer.headWidth }));
  const scores = await importance(student, units, step, data);
  const { student: smaller, kept } = pruneHeads(student, layers, scores, step.share ?? 0);
  if (layers.every(({ heads }, i) => kept[i].length === heads)) return 'the share is less than one head';
  const config = student.files['config.json'] as BertConfig;
  const pruned_heads = Object.fromEntries(
    layers.map(({ name }, i) => {
      const layer = name.match(/\d+/)?.[0] ?? String(i);
      // Heads are numbered as they were before the first of them was taken away.
      const gone = config.pruned_heads?.[layer] ?? [];
      const numbers = Array.from({ length: config.num_attention_heads }, (_, head) => head);
      const present = numbers.filter((head) => !gone.includes(head));
      const stay = new Set(Array.from(kept[i], (head) => present[head]));
      return [layer, numbers.filter((head) => !stay.has(head))];
    }),
  );
  return withConfig({ ...student, ...smaller }, { pruned_heads });
}

/** What pruning changes of an encoder's `config.json`, in Hugging Face's terms. */
interface BertConfig {
  num_attention_heads: number;
  pruned_heads?: Record<string, number[]>;
}

async function withFewerUnits(
  student: CompressibleStudent,
  step: CompressionStep,
  data: PruningData,
): Promise<Pruning> {
  const layers = hiddenLayers(student);
  if (layers.length === 0) return 'the student has no hidden layer';
  const units = layers.flatMap(({ next }) => next.map((matrix) => ({ matrix, group: 1 })));
  const perMatrix = await importance(student, units, step, data);
  // Units that several matrices read are worth what they are to all of them.
  let at = 0;
  const scores = layers.map(({ next }) => {
    const own = perMatrix.slice(at, at + next.length);
    at += next.length;
    return own[0].map((_, unit) => own.reduce((sum, of) => sum + of[unit], 0));
  });
  const smaller = pruneHidden(student, layers, scores, step.share ?? 0);
  const widths = (of: TrainableModel) => layers.map(({ weight }) => findInitializer(of.model, weight).dims[1]);
  if (widths(smaller).join() === widths(student).join()) return 'the share is less than one unit';
  const pruned = { ...student, ...smaller };
  return 'intermediate_size' in student.files['config.json']
    ? withConfig(pruned, { intermediate_size: widths(smaller)[0] })
    : pruned;
}

function withZeros(student: CompressibleStudent, { share = 0, scope = 'tensor' }: CompressionStep): Pruning {
  const sparse = prunableMatrices(student);
  const masks = magnitudeMasks(student.model, sparse, { share, scope });
  return { ...student, ...pruneMagnitude(student, masks), sparse };
}

function withFewerTokens(student: CompressibleStudent, { minCount }: CompressionStep, { texts }: PruningData): Pruning {
  const { tokenizer, files } = student;
  const { maxLength, vocabularySize } = tokenizer;
  const options = { maxLength, minCount };
  const trimmed = trimVocabulary(files['tokenizer.json'], files['tokenizer_config.json'], texts, options);
  if (trimmed === undefined)
    return 'only WordPiece and Unigram vocabularies can be trimmed, the student reads characters';
  if (trimmed.kept.length === vocabularySize) return 'every token is needed';
  const smaller = {
    ...student,
    ...keepTokens(student, trimmed.kept),
    tokenizer: loadTokenizer(trimmed.tokenizer, trimmed.config),
    files: { ...files, 'tokenizer.json': trimmed.tokenizer, 'tokenizer_config.json': trimmed.config },
  };
  const { vocabularySize: vocab_size, padId: pad_token_id } = smaller.tokenizer;
  return withConfig(smaller, { vocab_size, pad_token_id });
}

function withConfig(student: CompressibleStudent, changes: object): CompressibleStudent {
  const { files } = student;
  return { ...student, files: { ...files, 'config.json': { ...files['config.json'], ...changes } } };
}

async function importance(
  student: TrainableModel,
  units: readonly UnitRows[],
  step: CompressionStep,
  { examples, loss, seed, threads, signal }: PruningData,
): Promise<Float64Array[]> {
  if (step.importance === 'norm') return normImportance(student, units);
  const still = { ...student, model: withoutDropout(student.model) };
  return taylorImportance(still, units, { examples, loss, seed, threads, signal });
}

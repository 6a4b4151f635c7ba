import type { FineTuneSpec, Pooling } from '@retort/contracts';
import {
  activationBytes,
  checkParameterMemory,
  type LossOptions,
  MOST_ACTIVATION_BYTES,
  mlpHead,
  type TrainableModel,
  trainingGraph,
} from '@retort/learn';
import { batchInputs } from './encoded-texts.js';
import { type ImportedModel, importModel } from './import-model.js';
import { asTeacher, invalidTeacher } from './invalid-teacher.js';
import { layerRates } from './layer-rates.js';
import { mergeHead } from './merge-head.js';

/** Encoder and new head as one graph, with what of it is trained how fast. */
export interface FineTuningTask extends TrainableModel {
  /** Factor on the learning rate of each weight. */
  rates: Map<string, number>;
}

/** @throws RetortError `RT_INVALID_TEACHER` where more layers are to be frozen than there are */
export function fineTuningTask(
  imported: ImportedModel,
  { spec, seed, classes }: { spec: FineTuneSpec; seed: number; classes: number },
): FineTuningTask {
  const { trainable, rates } = layerRates(imported, spec);
  const head = mlpHead({ inputWidth: imported.width, hidden: spec.hidden, classes, seed });
  const { model, names } = mergeHead(imported.model, head.model);
  const headWeights = head.trainable.map((name) => names.get(name)!);
  for (const name of headWeights) rates.set(name, spec.headLearningRate / spec.learningRate);
  return { model, trainable: [...trainable, ...headWeights], rates };
}

/** Cross-entropy with the labels: there is no teacher to learn from. */
export function fineTuningLoss({ labelSmoothing }: Pick<FineTuneSpec, 'labelSmoothing'>): LossOptions {
  return { lambda: 1, temperature: 1, labelSmoothing };
}

/**
 * Checks that the encoder in a folder can be fine-tuned, before anybody waits for it: its weights are found and the
 * graph that would be trained is built, gradients included, but nothing is run.
 *
 * @param options.maxLength most tokens that the tokenizer makes of a text
 * @throws RetortError `RT_INVALID_TEACHER`, also where it needs more memory than is allowed; `RT_UNSUPPORTED_OP` naming the nodes that have no gradient
 */
export function checkFineTuning(
  dir: string,
  { spec, pooling, maxLength }: { spec: FineTuneSpec; pooling?: Pooling; maxLength: number },
): Promise<void> {
  return asTeacher(async () => {
    const imported = await importModel(dir, { pooling });
    const { tokens = spec.maxLength } = batchInputs(imported.model);
    checkActivations(imported, spec, Math.min(spec.maxLength, tokens, maxLength));
    const seed = 1;
    const task = fineTuningTask(imported, { spec, seed, classes: 2 });
    checkParameterMemory(task.model, task.trainable, { averaged: spec.averageDecay > 0 });
    trainingGraph(task, fineTuningLoss(spec), { teacher: false, seed });
  });
}

/** Width of an attention head in BERT and most of its kin: where heads are narrower, and so more, the estimate is too low. */
const HEAD_WIDTH = 64;

/** The graph says neither heads nor feed-forward width in so many words: they are taken to be those of BERT. @throws RetortError `RT_INVALID_TEACHER` */
export function checkActivations({ layers, width }: ImportedModel, spec: FineTuneSpec, maxLength: number): void {
  // What lies before the first trained layer is not kept for the way back.
  const trained = Math.max(1, layers - spec.freezeLayers);
  const heads = Math.ceil(width / HEAD_WIDTH);
  const bytes = activationBytes({ layers: trained, width, heads, intermediate: 4 * width, maxLength }, spec.batchSize);
  if (bytes <= MOST_ACTIVATION_BYTES) return;
  const gibibytes = (count: number) => (count / 2 ** 30).toFixed(1);
  throw invalidTeacher(
    `A step of ${spec.batchSize} texts of ${maxLength} tokens may need ${gibibytes(bytes)} GiB, at most ${gibibytes(MOST_ACTIVATION_BYTES)} GiB are allowed: lower batchSize or maxLength, or raise freezeLayers.`,
  );
}

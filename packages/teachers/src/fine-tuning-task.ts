import type { FineTuneSpec, Pooling } from '@retort/contracts';
import { type LossOptions, mlpHead, type TrainableModel, trainingGraph } from '@retort/learn';
import { batchInputs } from './encoded-texts.js';
import { type ImportedModel, importModel } from './import-model.js';
import { asTeacher } from './invalid-teacher.js';
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
 * @throws RetortError `RT_INVALID_TEACHER`, `RT_UNSUPPORTED_OP` naming the nodes that have no gradient
 */
export function checkFineTuning(
  dir: string,
  { spec, pooling }: { spec: FineTuneSpec; pooling?: Pooling },
): Promise<void> {
  return asTeacher(async () => {
    const imported = await importModel(dir, { pooling });
    batchInputs(imported.model);
    const seed = 1;
    const task = fineTuningTask(imported, { spec, seed, classes: 2 });
    trainingGraph(task, fineTuningLoss(spec), { teacher: false, seed });
  });
}

import { RetortError } from '@retort/contracts/values';
import type { Examples, TrainingExamples } from '../examples.js';
import { checkLoss } from '../loss/check-loss.js';
import { checkMixup } from './check-mixup.js';
import { checkCurriculum } from './curriculum.js';
import type { TrainOptions } from './train-options.js';

/**
 * Checks that examples and options fit each other before anything is built.
 *
 * @throws RetortError `RT_INVALID_FIELD` naming the field
 */
export function checkOptions(options: TrainOptions, classes: number): void {
  checkExamples(options, classes, 'training');
  checkLoss(options.loss);
  checkMixup(options);
  if (options.curriculum) checkCurriculum(options.curriculum, options.count);
  if (options.validate) checkExamples(options.validate, classes, 'validation');
  if (options.checkpoint) {
    if (!options.digest) throw withoutDigest('training');
    if (options.validate && !options.validate.digest) throw withoutDigest('validation');
  }
  if ((options.features?.length ?? 0) > 0 && !options.targets) {
    throw invalid('features need targets: what is inside the teacher for each batch.');
  }
  if (options.checkpoint && options.targets && !options.targets.digest) {
    throw invalid('checkpoint needs the digest of the targets, without which it would be resumed for others too.');
  }
  const known = new Set(options.trainable);
  for (const [name, rate] of options.rates ?? []) {
    if (!known.has(name)) throw invalid(`rates names "${name}", which is not among the trainable weights.`);
    if (!(rate >= 0 && Number.isFinite(rate))) throw invalid(`rates has ${rate} for "${name}"; it must be at least 0.`);
  }
  if (options.training.patience && !options.validate) {
    throw invalid('training.patience needs validation examples, by which it would stop.');
  }
}

function checkExamples(examples: Examples & TrainingExamples, classes: number, which: string): void {
  const { count, labels, teacherLogits, lengths, weights } = examples;
  if (count < 1) throw invalid(`There are no ${which} examples.`);
  if (labels.length !== count) throw invalid(`labels has ${labels.length} entries for ${count} ${which} examples.`);
  const wrong = labels.findIndex((label) => label < -1 || label >= classes);
  if (wrong >= 0) {
    throw invalid(`labels[${wrong}] of the ${which} examples is ${labels[wrong]}; it must be -1 or below ${classes}.`);
  }
  if (teacherLogits && teacherLogits.length !== count * classes) {
    throw invalid(
      `teacherLogits has ${teacherLogits.length} values for ${count} ${which} examples of ${classes} classes.`,
    );
  }
  if (lengths && lengths.length !== count) {
    throw invalid(`lengths has ${lengths.length} entries for ${count} ${which} examples.`);
  }
  if (weights) checkWeights(weights, count);
}

function checkWeights(weights: Float32Array, count: number): void {
  if (weights.length !== count) throw invalid(`weights has ${weights.length} entries for ${count} training examples.`);
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong >= 0) throw invalid(`weights[${wrong}] is ${weights[wrong]}; it must be at least 0.`);
  if (!weights.some((weight) => weight > 0)) throw invalid('weights are 0 for all examples: nothing would be learned.');
}

function withoutDigest(which: string): RetortError {
  return invalid(
    `checkpoint needs the digest of the ${which} examples, without which it would be resumed for others too.`,
  );
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_FIELD', detail);
}

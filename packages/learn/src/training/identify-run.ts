import type { TrainingSpec } from '@retort/contracts';
import { VERSION } from '@retort/contracts/values';
import { findInitializer, initializersToInputs, writeModel } from '@retort/onnx';
import type { RunIdentity } from '../checkpoint/run-identity.js';
import { bytesOf, sha256 } from '../checkpoint/sha256.js';
import type { Examples, TrainingExamples } from '../examples.js';
import { LOSS_DEFAULTS } from '../loss/loss-options.js';
import type { TrainOptions } from './train-options.js';

/**
 * All that decides the weights that a training ends in, but for the machine. The examples' inputs count by their `digest`. So do the
 * threads: by their number a kernel cuts its work, and so the order in which it adds.
 */
export function runIdentity(options: TrainOptions, settings: TrainingSpec): RunIdentity {
  const { model, trainable, loss, curriculum, rates, features, targets, validate, heads, threads = 1 } = options;
  const initial = trainable.map((name) => findInitializer(model, name, 'float32').data as Float32Array);
  return {
    version: VERSION,
    threads,
    'the model': sha256([writeModel(initializersToInputs(model, trainable)), ...initial.map(bytesOf)]),
    'the names of the trainable weights': sha256([JSON.stringify(trainable)]),
    ...prefixed('loss', { ...LOSS_DEFAULTS, ...loss }),
    ...prefixed('training', settings),
    ...(curriculum && prefixed('curriculum', { ...curriculum, difficulty: sha256([bytesOf(curriculum.difficulty)]) })),
    ...(features ? { 'the features': sha256([JSON.stringify(features), targets?.digest ?? '']) } : {}),
    rates: sha256([JSON.stringify([...(rates ?? [])].sort())]),
    ...(heads ? { 'the tasks': sha256([JSON.stringify(heads)]) } : {}),
    'the training examples': digestOf(options),
    'the validation examples': validate ? digestOf(validate, validate.metric) : 'none',
  };
}

function digestOf(
  { count, digest = '', labels, teacherLogits, lengths, weights }: Examples & TrainingExamples,
  metric = '',
): string {
  const parts = [labels, teacherLogits, lengths].map((array) => (array ? bytesOf(array) : 'none'));
  return sha256([`${count} ${metric}`, digest, ...parts, ...(weights ? [bytesOf(weights)] : [])]);
}

function prefixed(section: string, values: object): RunIdentity {
  const isPlain = (value: unknown) => typeof value !== 'object';
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${section}.${name}`,
      isPlain(value) ? value : JSON.stringify(value),
    ]),
  );
}

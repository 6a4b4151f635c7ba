import type { DistillationSpec } from '@retort/contracts';

/** How long it was trained, by which optimizer and schedule, and of the rest what was not left at its default. */
export function describeTraining(training: DistillationSpec['training'], bestEpoch: number): string {
  const { epochs, batchSize, optimizer, learningRate, schedule, accumulate, averageDecay, mixup, patience, seed } =
    training;
  return [
    `${epochs} epochs (best: ${bestEpoch})`,
    `batch ${batchSize}`,
    `${optimizer === 'sgd' ? 'SGD' : 'AdamW'} at ${learningRate}, ${schedule}`,
    ...(accumulate > 1 ? [`${accumulate} batches a step`] : []),
    ...(averageDecay > 0 ? [`weights averaged with decay ${averageDecay}`] : []),
    ...(mixup > 0 ? [`vectors of texts mixed by Beta(${mixup}, ${mixup})`] : []),
    ...(patience > 0 ? [`stopped after ${patience} epochs without gain`] : []),
    `seed ${seed}`,
  ].join(', ');
}

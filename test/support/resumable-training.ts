/**
 * A training in a process of its own, to be killed: `resumable-training.ts <checkpoint>`. Tells its parent where it resumed, when it
 * starts each run of the graph, and at the end the weights. Reads the packages' sources.
 */
import { train } from '@retort/learn';
import { bitsOf, tinyTraining } from './tiny-training.ts';

const path = process.argv[2];
if (path === undefined || process.send === undefined) throw new Error('Usage: fork with the path of a checkpoint.');
const send = process.send.bind(process);
const options = tinyTraining({
  training: { epochs: 12, batchSize: 6, learningRate: 0.05, seed: 3, averageDecay: 0.9 },
});
const { weights } = await train({
  ...options,
  inputs: (rows, length) => {
    send({ type: 'run' });
    return options.inputs(rows, length);
  },
  checkpoint: { path, everySeconds: 0, onResume: ({ step }) => send({ type: 'resumed', step }) },
});
send({ type: 'done', bits: bitsOf(weights) });
process.disconnect();

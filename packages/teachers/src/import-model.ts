import type { Pooling } from '@retort/contracts';
import type { TrainableModel } from '@retort/learn';
import { GRADIENT_OPSETS, type Model, simplify } from '@retort/onnx';
import type { EmbeddingOutput } from './embedding-output.js';
import { readEncoder } from './encoder.js';
import { EMBEDDING, encoderGraph } from './encoder-graph.js';
import { asTeacher, invalidTeacher } from './invalid-teacher.js';
import { weightLayers } from './weight-layers.js';

export interface ImportOptions {
  /** Over what the folder says; see `embeddingOutput`. */
  pooling?: Pooling;
}

/** An encoder that can be trained. Its output is {@link EMBEDDING}, float32 `[batch, width]`. */
export interface ImportedModel extends TrainableModel {
  /** Where the embedding comes from. */
  embedding: EmbeddingOutput;
  /** Width of an embedding. */
  width: number;
  /** Depth of each of `trainable`: 0 the embeddings, 1..layers the layers, layers + 1 what follows the last. */
  depths: ReadonlyMap<string, number>;
  /** Number of layers. */
  layers: number;
}

/** Operators that compute with quantized weights. */
const QUANTIZED =
  /^(DequantizeLinear|DynamicQuantize.*|QuantizeLinear|MatMulInteger.*|ConvInteger|QLinear.*|MatMulNBits|QAttention)$/;

/**
 * Makes a trainable model of a Hugging Face ONNX export: the graph is simplified, its pooling put inside, and its learned
 * weights are found and sorted by layer, from the graph's structure alone.
 *
 * @param dir folder with `onnx/model.onnx` or `model.onnx`
 * @throws RetortError `RT_INVALID_TEACHER` for a graph without an embedding or without float32 weights to learn (half
 * precision, quantized), and for an operator set that has no gradients
 */
export function importModel(dir: string, { pooling }: ImportOptions = {}): Promise<ImportedModel> {
  return asTeacher(async () => {
    const { model: exported, embedding } = await readEncoder(dir, pooling);
    checkTrainable(exported);
    const model = simplify(encoderGraph(exported, embedding));
    const { depths, count } = weightLayers(model, EMBEDDING);
    if (depths.size === 0) throw invalidTeacher(noWeights(model));
    const width = model.graph.outputs[0].shape?.at(-1);
    if (typeof width !== 'number') {
      throw invalidTeacher(
        `The width of the output "${embedding.output}" is not written in the model: export it with a fixed one.`,
      );
    }
    return { model, trainable: [...depths.keys()], embedding, width, depths, layers: count };
  });
}

function checkTrainable({ graph, opsets }: Model): void {
  const quantized = graph.nodes.find(({ op }) => QUANTIZED.test(op));
  if (quantized !== undefined) {
    throw invalidTeacher(
      `The model computes with quantized weights (${quantized.op}): integers cannot be trained. Give the float32 export.`,
    );
  }
  const opset = opsets.get('') ?? 1;
  const { min, max } = GRADIENT_OPSETS;
  if (opset < min || opset > max) {
    throw invalidTeacher(
      `The model uses operator set ${opset} of ONNX; ${min} to ${max} can be trained. Export it with one of these.`,
    );
  }
}

function noWeights({ graph }: Model): string {
  const half = [...graph.initializers].find(([, { type, dims }]) => /^b?float16$/.test(type) && dims.length > 1);
  if (half !== undefined) {
    return `The weights of the model are ${half[1].type} ("${half[0]}"): only float32 can be trained. Give the float32 export.`;
  }
  return 'The model has no float32 weights between "input_ids" and its embedding: there is nothing to train.';
}

import * as ort from 'onnxruntime-node';
import { type Dim, GraphBuilder, gradient, inferShapes, sizeOf, writeModel } from '../../packages/onnx/src/index.ts';

/** One float input of the graph under test. */
interface Variable {
  dims: number[];
  /** Elements are drawn from this range; default [-2, 2]. */
  range?: [number, number];
  /** Where the function bends, so that no difference may be taken across: elements keep clear of these by 0.05. */
  kinks?: number[];
}

export interface GradientCase {
  variables: Record<string, Variable>;
  /** Adds the graph under test and returns the name of its output. The variables are values of the graph. */
  build: (b: GraphBuilder, type: 'float32' | 'float64') => string;
  /** float32 for operators without a double kernel; default float64. */
  type?: 'float32' | 'float64';
  opset?: number;
  /** `opaque` tells the gradient nothing but ranks, so that it must find out the rest when it runs; default `static`. */
  shapes?: 'static' | 'opaque';
  seed: number;
  /** Variables to differentiate by; default all. */
  wrt?: string[];
}

/** A linear congruential generator (Numerical Recipes): the checks use no random source of the code under test. */
function generator(seed: number): () => number {
  let state = (seed ^ 0x5deece66) >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  next();
  return next;
}

const OPTIONS: ort.InferenceSession.SessionOptions = {
  // What we emitted is what runs.
  graphOptimizationLevel: 'disabled',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/**
 * Compares the gradient of L = Σ r·y, for random r, with central differences (L(x + h) - L(x - h)) / 2h in every element of
 * every variable. Returns the largest error relative to max(1, |gradient|). On the way it holds what `inferShapes` says of the
 * output against what came out.
 */
export async function gradientError({
  variables,
  build,
  type = 'float64',
  opset = 18,
  shapes = 'static',
  seed,
  wrt,
}: GradientCase) {
  const random = generator(seed);
  const Storage = type === 'float64' ? Float64Array : Float32Array;
  const names = Object.keys(variables);
  const b = new GraphBuilder({ opset });
  const declare = (dims: number[]): Dim[] => (shapes === 'static' ? dims : dims.map(() => null));
  for (const name of names) b.input(name, type, declare(variables[name].dims));
  const y = build(b, type);
  const forward = { ...b.build(), graph: { ...b.graph, outputs: [{ name: y, type, shape: undefined }] } };
  const feeds: Record<string, ort.Tensor> = {};
  for (const name of names) {
    const { dims, range: [low, high] = [-2, 2], kinks = [] } = variables[name];
    const clear = (value: number) => {
      const near = kinks.find((kink) => Math.abs(value - kink) < 0.05);
      return near === undefined ? value : near + (value < near ? -0.05 : 0.05);
    };
    const data = Storage.from(Array.from({ length: sizeOf(dims) }, () => clear(low + (high - low) * random())));
    feeds[name] = new ort.Tensor(type, data, dims);
  }
  const forwardSession = await ort.InferenceSession.create(writeModel(forward), OPTIONS);
  const result = (await forwardSession.run(feeds))[y];
  const inferred = inferShapes(forward).get(y);
  const wrong = (dim: Dim, axis: number) => (typeof dim === 'number' ? dim !== result.dims[axis] : shapes === 'static');
  if (inferred?.type !== type || inferred.shape?.length !== result.dims.length || inferred.shape.some(wrong)) {
    throw new Error(`Inferred ${inferred?.type} [${inferred?.shape}] for ${type} [${result.dims}].`);
  }

  b.input('weights', type, declare([...result.dims]));
  b.output(y, type, undefined);
  b.output(
    b.add('ReduceSum', [b.add('Mul', [y, 'weights'])], { outputs: ['loss'], attributes: { keepdims: 0 } }),
    type,
    [],
  );
  const weights = Storage.from(Array.from({ length: result.data.length }, () => random() - 0.5));
  const { model, gradients } = gradient(b.build(), { loss: 'loss', wrt: wrt ?? names });
  const session = await ort.InferenceSession.create(writeModel(model), OPTIONS);
  const outputs = await session.run({ ...feeds, weights: new ort.Tensor(type, weights, result.dims) });
  await session.release();
  checkSame(outputs[y], result, type);
  // The loss is that of the graph as given: what the gradient made of it has no say in the differences.
  const lossAt = async () => {
    const { data } = (await forwardSession.run(feeds))[y];
    let loss = 0;
    for (const [i, weight] of weights.entries()) loss += weight * Number(data[i]);
    return loss;
  };

  const step = type === 'float64' ? 1e-5 : 2e-2;
  let worst = 0;
  for (const [name, found] of gradients) {
    const { dims } = variables[name];
    const analytic =
      found.kind === 'dense'
        ? outputs[found.output].data
        : scattered(outputs[found.indices], outputs[found.rows], dims);
    const data = feeds[name].data as Float64Array | Float32Array;
    if (analytic.length !== data.length)
      throw new Error(`The gradient of ${name} has ${analytic.length} elements, not ${data.length}.`);
    for (let i = 0; i < data.length; i++) {
      const at = data[i];
      data[i] = at + step;
      const [above, upper] = [await lossAt(), data[i]];
      data[i] = at - step;
      const [below, lower] = [await lossAt(), data[i]];
      data[i] = at;
      const numeric = (above - below) / (upper - lower);
      worst = Math.max(worst, Math.abs(numeric - Number(analytic[i])) / Math.max(1, Math.abs(numeric)));
    }
  }
  await forwardSession.release();
  return worst;
}

/** A graph that was differentiated still computes what it did; where operators were rewritten, within rounding. */
function checkSame(found: ort.Tensor, expected: ort.Tensor, type: 'float32' | 'float64'): void {
  const tolerance = { float32: 1e-4, float64: 1e-12 }[type];
  const differs = (own: number, i: number) =>
    !(Math.abs(own - Number(expected.data[i])) <= tolerance * Math.max(1, Math.abs(own)));
  if (`${found.dims}` !== `${expected.dims}` || Array.from(found.data, Number).some(differs)) {
    throw new Error(
      `The differentiated graph gives [${found.dims}] ${found.data}, not [${expected.dims}] ${expected.data}.`,
    );
  }
}

/** The dense form of a sparse gradient. */
function scattered(indices: ort.Tensor, rows: ort.Tensor, dims: number[]): Float64Array {
  const dense = new Float64Array(sizeOf(dims));
  const width = sizeOf(dims.slice(1));
  for (const [at, index] of (indices.data as BigInt64Array).entries()) {
    const row = Number(index) < 0 ? Number(index) + dims[0] : Number(index);
    for (let i = 0; i < width; i++) dense[row * width + i] += Number(rows.data[at * width + i]);
  }
  return dense;
}

/** The error that a right gradient stays below, of differences taken in that type. */
export const TOLERANCE = { float64: 1e-5, float32: 2e-2 };

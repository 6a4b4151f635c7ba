import { RetortError } from '@retort/contracts/values';
import { type BertPlaces, findBertLayers, GraphWalk } from '@retort/learn';
import {
  type Dim,
  findValue,
  GRADIENT_OPSETS,
  GraphBuilder,
  inferShapes,
  int64s,
  int64Vector,
  type Model,
  pruneGraph,
  unfuse,
} from '@retort/onnx';
import { EMBEDDING } from '../encoder-graph.js';
import { IR_VERSION } from '../graph-ops.js';
import { type ExposedFeature, type FeatureAxes, type FeatureRequest, unfit } from './feature-request.js';
import { checkExists, namedWidth } from './named-value.js';

const FLOAT32 = 1;

export interface ExposedModel {
  /** The graph with the features as its only outputs: what they do not need is not computed. */
  model: Model;
  /** One for each request, in order. */
  features: ExposedFeature[];
}

/** Where a feature is, before it has its shape. */
type Place = Omit<ExposedFeature, 'output'> & { value: string };
type LayerRequest = Exclude<FeatureRequest, { kind: 'tensor' | 'embedding' }>;

/**
 * Opens a classifier's graph up: what is asked for of its inside becomes its outputs.
 *
 * Fused operators are taken apart first, since attention maps and projections are values only then. Layers are found by the graph's
 * structure ({@link findBertLayers}), whatever its exporter named them; a value that was named is taken as it is. The embedding is what
 * Retort pooled where it made the classifier, else what the dense layer of the logits reads.
 *
 * @throws RetortError `RT_INVALID_SPEC` where something asked for is not there, saying what is
 */
export function exposeFeatures(model: Model, requests: readonly FeatureRequest[]): ExposedModel {
  const opset = model.opsets.get('') ?? 1;
  if (opset < GRADIENT_OPSETS.min) {
    throw new RetortError(
      'RT_INVALID_SPEC',
      `features: the teacher uses operator set ${opset} of ONNX; ${GRADIENT_OPSETS.min} or later can be opened up. Export it anew, or leave features out.`,
    );
  }
  const opened = unfuse(model);
  for (const request of requests) if (request.kind === 'tensor') checkExists(opened, request);
  const walk = new GraphWalk(withOutputs(opened, requests));
  const finder = new FeatureFinder(walk);
  const places = requests.map((request) => finder.find(request));

  const b = new GraphBuilder({ base: walk.model });
  b.graph.outputs = [];
  const features = places.map(({ value, ...feature }): ExposedFeature => {
    const { axes, width } = feature;
    const shaped = axes === 'text' ? value : b.add('Reshape', [value, extents(b, axes, width)]);
    const output = b.add('Cast', [shaped], { outputs: [b.unique('retort_feature')], attributes: { to: FLOAT32 } });
    b.output(output, 'float32', outputShape(axes, width));
    return { ...feature, output };
  });
  const irVersion = Math.max(model.irVersion, IR_VERSION);
  return { model: pruneGraph({ ...b.build(walk.model), irVersion }), features };
}

/** The model with what is asked for by name among its outputs, so that no simplification takes it away. */
function withOutputs(model: Model, requests: readonly FeatureRequest[]): Model {
  const facts = inferShapes(model);
  const names = new Set([EMBEDDING, ...requests.flatMap((request) => (request.kind === 'tensor' ? request.name : []))]);
  const b = new GraphBuilder({ base: model });
  for (const name of names) {
    const known = facts.get(name);
    if (known && !findValue(model.graph.outputs, name)) b.output(name, known.type ?? 'float32', known.shape);
  }
  return b.build(model);
}

/** int64: the shape of a feature, as a value of the graph; it is the elements in that order that are known. */
function extents(b: GraphBuilder, axes: FeatureAxes, width: number): string {
  const shape = b.add('Shape', ['input_ids']);
  const own = b.constant(int64Vector([width]));
  if (axes !== 'pair') return b.add('Concat', [shape, own], { attributes: { axis: 0 } });
  const [batch, tokens] = [0, 1].map((at) => b.add('Gather', [shape, b.constant(int64s([1], [at]))])) as [
    string,
    string,
  ];
  return b.add('Concat', [batch, own, tokens, tokens], { attributes: { axis: 0 } });
}

function outputShape(axes: FeatureAxes, width: number): Dim[] {
  if (axes === 'text') return ['batch', width];
  return axes === 'token' ? ['batch', 'tokens', width] : ['batch', width, 'tokens', 'tokens'];
}

class FeatureFinder {
  readonly #walk: GraphWalk;
  #layers: BertPlaces | undefined;

  constructor(walk: GraphWalk) {
    this.#walk = walk;
  }

  find(request: FeatureRequest): Place {
    if (request.kind === 'tensor') {
      const width = namedWidth(this.#walk, request);
      return { value: request.name, axes: request.axes, width };
    }
    return request.kind === 'embedding' ? this.#embedding(request) : this.#ofLayer(request);
  }

  #ofLayer(request: LayerRequest): Place {
    const { layers, width, heads } = this.#places(request);
    const { kind, layer = layers.length - 1 } = request;
    const places = layers[layer];
    if (!places) throw unfit(request, `it has ${layers.length} layers, counted from 0.`);
    return kind === 'attention'
      ? { value: places.attention, axes: 'pair', width: heads }
      : { value: places[kind], axes: 'token', width, heads };
  }

  #places(request: FeatureRequest): BertPlaces {
    try {
      this.#layers ??= findBertLayers(this.#walk);
      return this.#layers;
    } catch (error) {
      if (!(error instanceof RetortError)) throw error;
      throw unfit(request, `${error.message} Name the value of its graph (teacherTensor), or leave it out.`, error);
    }
  }

  #embedding(request: FeatureRequest): Place {
    const walk = this.#walk;
    const value = walk.producer(EMBEDDING) ? EMBEDDING : walk.dense('logits')?.x;
    const shape = value === undefined ? undefined : walk.shape(value);
    const width = shape?.at(-1);
    if (value === undefined || shape?.length !== 2 || typeof width !== 'number') {
      throw unfit(
        request,
        'its "logits" are no dense layer of vectors [batch, width]. Name the value of its graph (teacherTensor), or leave it out.',
      );
    }
    return { value, axes: 'text', width };
  }
}

import type { GraphWalk } from '@retort/learn';
import { type Dim, inferShapes, type Model } from '@retort/onnx';
import { describeShape, type FeatureAxes, type FeatureRequest, unfit } from './feature-request.js';

type NamedRequest = Extract<FeatureRequest, { kind: 'tensor' }>;

/** Values of a fitting rank that a refusal names. */
const NAMED = 5;

const WANTED: Record<FeatureAxes, string[]> = {
  text: ['batch', 'width'],
  token: ['batch', 'tokens', 'width'],
  pair: ['batch', 'heads', 'tokens', 'tokens'],
};

/** @throws RetortError `RT_INVALID_SPEC` where no node of the graph makes the value, naming some that could be meant */
export function checkExists(model: Model, request: NamedRequest): void {
  const made = model.graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  if (made.includes(request.name)) return;
  const facts = inferShapes(model);
  const rank = WANTED[request.axes].length;
  const fitting = made.filter((name) => facts.get(name)?.shape?.length === rank);
  const named = fitting.slice(0, NAMED).map((name) => `"${name}"`);
  const more = fitting.length > NAMED ? ` and ${fitting.length - NAMED} more` : '';
  throw unfit(
    request,
    `no node of its graph makes a value of that name. Of ${rank} axes it has ${named.join(', ') || 'none'}${more}.`,
  );
}

/**
 * The extent of a named value that is its own: the width, or of pairs the number of heads.
 *
 * @throws RetortError `RT_INVALID_SPEC` where it is not of floats or its axes are others than asked for
 */
export function namedWidth(walk: GraphWalk, request: NamedRequest): number {
  const { name, axes } = request;
  const type = walk.type(name);
  if (type !== 'float32' && type !== 'float16') {
    throw unfit(request, `it is ${type ?? 'of a type that the graph does not tell'}, not of floats.`);
  }
  const wanted = WANTED[axes];
  const shape = walk.shape(name);
  const own = axes === 'pair' ? 1 : wanted.length - 1;
  const width = shape?.[own];
  const [batch, tokens] = walk.model.graph.inputs.find((input) => input.name === 'input_ids')?.shape ?? [];
  const fits = shape?.every((dim, axis) => axis === own || canBe(dim, wanted[axis] === 'batch' ? batch : tokens));
  if (shape?.length !== wanted.length || !fits || typeof width !== 'number') {
    throw unfit(
      request,
      `it is ${describeShape(shape)}, not [${wanted.join(', ')}] with a fixed ${wanted[own]}; its input_ids are ${describeShape([batch ?? null, tokens ?? null])}.`,
    );
  }
  return width;
}

/** Whether an extent may be that of the inputs: unknown, or the same. */
function canBe(dim: Dim, ofInputs: Dim | undefined): boolean {
  return dim === null || ofInputs === undefined || ofInputs === null || dim === ofInputs;
}

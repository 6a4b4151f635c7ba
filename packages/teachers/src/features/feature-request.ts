import { RetortError } from '@retort/contracts/values';
import type { Dim } from '@retort/onnx';

/**
 * What a feature has an extent for, before its own: each text `[batch, width]`, each of its tokens `[batch, tokens, width]`, or for each
 * head all pairs of them `[batch, heads, tokens, tokens]`.
 */
export type FeatureAxes = 'text' | 'token' | 'pair';

/** One thing to know of what happens inside a model. */
export type FeatureRequest =
  /** The states after a layer, the attention maps in it, or its projections with the heads side by side. */
  | { kind: 'hidden' | 'attention' | 'query' | 'key' | 'value'; layer?: number }
  /** The vector of the text: what the classifier's head reads. */
  | { kind: 'embedding' }
  /** Any value of the graph, by its name. */
  | { kind: 'tensor'; name: string; axes: FeatureAxes };

/** A feature as an output of the graph, float32. */
export interface ExposedFeature {
  output: string;
  axes: FeatureAxes;
  /** Extent of the last axis; of pairs, the number of heads. */
  width: number;
  /** Of a layer's values: how many attention heads it has. */
  heads?: number;
}

/** Numbers in a feature of one text. */
export function featureSize({ axes, width }: Pick<ExposedFeature, 'axes' | 'width'>, tokens: number): number {
  if (axes === 'text') return width;
  return axes === 'token' ? tokens * width : width * tokens * tokens;
}

/** Shape of a feature over a batch. */
export function featureShape(
  { axes, width }: Pick<ExposedFeature, 'axes' | 'width'>,
  batch: number,
  tokens: number,
): number[] {
  if (axes === 'text') return [batch, width];
  return axes === 'token' ? [batch, tokens, width] : [batch, width, tokens, tokens];
}

const KIND_NAMES = {
  hidden: 'the hidden states',
  attention: 'the attention maps',
  query: 'the queries',
  key: 'the keys',
  value: 'the values',
};

/** A name, or a kind with its layer, for messages. */
function describeRequest(request: FeatureRequest): string {
  if (request.kind === 'tensor') return `the value "${request.name}"`;
  if (request.kind === 'embedding') return 'the embedding of the text';
  const layer = request.layer === undefined ? 'the last layer' : `layer ${request.layer}`;
  return `${KIND_NAMES[request.kind]} of ${layer}`;
}

/** `[?, tokens, 384]`. */
export function describeShape(shape: readonly Dim[] | undefined): string {
  return shape === undefined ? 'of unknown rank' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}

/** `RT_INVALID_SPEC` that says what was asked and what the teacher has. */
export function unfit(request: FeatureRequest, reason: string, cause?: unknown): RetortError {
  return new RetortError(
    'RT_INVALID_SPEC',
    `features: ${describeRequest(request)} of the teacher cannot be had: ${reason}`,
    {
      cause,
    },
  );
}

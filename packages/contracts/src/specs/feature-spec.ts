import { type Static, Type } from 'typebox';

export const FEATURE_KINDS = ['hidden', 'attention', 'value-relation', 'query-key-relation', 'embedding'] as const;
export const FEATURE_DISTANCES = ['mse', 'cosine', 'kl'] as const;

const KIND = Type.Enum([...FEATURE_KINDS], {
  description:
    'hidden: the states after a layer, through a learned projection. attention: the attention maps of a layer. value-relation, query-key-relation: softmax(v·vᵀ/√d) and softmax(q·kᵀ/√d) between the tokens of a layer (MiniLM). embedding: the vector of the whole text, through a learned projection. All but embedding need an encoder student that reads the tokens of its teacher.',
});

/** One thing inside the teacher that the student learns to have too, beside the answers. */
export const FeatureSpec = Type.Object(
  {
    kind: KIND,
    teacherLayer: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 255,
        description: 'Layer of the teacher, counted from 0; default the last.',
      }),
    ),
    teacherTensor: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Name of a value in the ONNX graph of the teacher, instead of a layer: [batch, tokens, width], for attention [batch, heads, tokens, tokens], for embedding [batch, width].',
      }),
    ),
    studentLayer: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 23,
        description: 'Layer of the student, counted from 0; default the last.',
      }),
    ),
    distance: Type.Optional(
      Type.Enum([...FEATURE_DISTANCES], {
        description:
          'hidden: mse (default) or cosine. attention: kl (default) or mse. embedding: cosine (default) or mse. Relations: kl.',
      }),
    ),
    relationHeads: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description:
          'Heads that the width of both models is cut into for a relation. Default: the most heads that the teacher or the student has and that divide both widths, else 1.',
      }),
    ),
    weight: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 1,
      description: 'Factor of the term in the loss.',
    }),
  },
  { additionalProperties: false },
);

export const FeatureSpecs = Type.Array(FeatureSpec, {
  minItems: 1,
  maxItems: 16,
  description: 'Terms of the loss that compare what is inside teacher and student; left out, only their answers are.',
});

/** What a user writes: only the kind must be named. */
export const FeatureSpecsInput = Type.Array(
  Type.Object({ ...Type.Partial(FeatureSpec).properties, kind: KIND }, { additionalProperties: false }),
  { minItems: 1, maxItems: 16 },
);

export type FeatureKind = (typeof FEATURE_KINDS)[number];
export type FeatureDistance = (typeof FEATURE_DISTANCES)[number];
export type FeatureSpec = Static<typeof FeatureSpec>;

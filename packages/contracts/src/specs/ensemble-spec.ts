import { type Static, Type } from 'typebox';

/** Most teachers that one job may have. */
export const MOST_TEACHERS = 8;

/** The limits of a label and of a task's labels, as those of the HTTP bodies. */
const LabelName = Type.String({ minLength: 1, maxLength: 200 });
const MOST_LABELS = 4096;

export const WEIGHTINGS = ['fixed', 'confidence', 'skill', 'agreement', 'route'] as const;

/** How much each teacher's word counts for a text and a label. */
export const WeightingSpec = Type.Object(
  {
    by: Type.Enum([...WEIGHTINGS], {
      default: 'fixed',
      description:
        'fixed: `weights` alone. confidence: how sure the teacher is of the text. skill: its F1 of the label on the rows of the split “valid”. ' +
        'agreement: how near it is to the other teachers on the text (3 teachers or more). ' +
        'route: within a group of labels one teacher decides, see `routes`.',
    }),
    measure: Type.Optional(
      Type.Enum(['max-probability', 'entropy'], {
        description:
          'Of confidence: the largest probability, or 1 - entropy / log(labels). Default max-probability; only with by: confidence.',
      }),
    ),
    sharpness: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1000,
        description:
          'γ of the weight ∝ weights[teacher] · exp(γ · score), the score being 0..1; 0 leaves `weights` alone. Default 5; not with fixed or route.',
      }),
    ),
    smoothing: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e6,
        description:
          'Of skill: rows that each label is imagined to have besides its own, answered as well as the teacher answers on the whole. Default 5; only with by: skill.',
      }),
    ),
  },
  { additionalProperties: false, default: {} },
);

const parallel = 'One entry for each teacher, in their order';

/** How the answers of several teachers become one. `{}` is a plain mean of calibrated probabilities. */
export const EnsembleSpec = Type.Object(
  {
    combine: Type.Enum(['probabilities', 'logits'], {
      default: 'probabilities',
      description: 'What the weighted mean is taken of: probabilities (a mixture), or logits (a product of experts).',
    }),
    weighting: WeightingSpec,
    weights: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 1e6 }), {
        minItems: 1,
        maxItems: MOST_TEACHERS,
        description: `${parallel}: the weight that it has before \`weighting\` changes it. Default: all the same.`,
      }),
    ),
    labels: Type.Optional(
      Type.Array(LabelName, {
        minItems: 2,
        maxItems: MOST_LABELS,
        description: 'The labels of the student. Default: what the labels of the first teacher are mapped onto.',
      }),
    ),
    labelMaps: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Record(Type.String(), Type.Union([LabelName, Type.Null()]), {
            minProperties: 1,
            maxProperties: MOST_LABELS,
          }),
          Type.Null(),
        ]),
        {
          minItems: 1,
          maxItems: MOST_TEACHERS,
          description: `${parallel}: {"its label": "label of the student", or null to drop it}; several may map onto one. Labels that are not named keep their name. null instead of a map: all of them do.`,
        },
      ),
    ),
    routes: Type.Optional(
      Type.Array(Type.Union([Type.Array(LabelName, { minItems: 1, maxItems: MOST_LABELS }), Type.Null()]), {
        minItems: 1,
        maxItems: MOST_TEACHERS,
        description: `${parallel}: the labels of the student between which it decides, or null; together they name each label once. Only with by: route.`,
      }),
    ),
    calibrate: Type.Boolean({
      default: true,
      description:
        'Whether the logits of each teacher are first divided by a temperature fitted on the labelled rows of the split “valid”, so that teachers of different scales mean the same by a probability. Without such rows they stay as they are.',
    }),
  },
  { additionalProperties: false },
);

export type WeightingSpec = Static<typeof WeightingSpec>;
export type EnsembleSpec = Static<typeof EnsembleSpec>;

/** What a user writes: any part may be left out. */
export const EnsembleSpecInput = Type.Partial(EnsembleSpec, { additionalProperties: false });

import { type TSchema, Type } from 'typebox';
import { StudentSpec, StudentSpecInput } from './student-spec.js';

/** Most students that may stand between teacher and student. */
const MOST_ASSISTANTS = 4;

/** Most depths that an encoder student may pass through. */
const MOST_GROWTH_STAGES = 12;

const Mix = Type.Number({
  minimum: 0,
  exclusiveMaximum: 1,
  default: 0,
  description:
    'Weight of the teacher’s soft labels, averaged with the assistant’s, in what the next student learns from: 0 for the assistant’s alone.',
});

const GrowthStage = {
  layers: Type.Integer({ minimum: 1, maximum: 24, description: 'Transformer layers that are trained in it.' }),
  share: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'Of `training.epochs`; the shares sum to 1. Default: equal shares.',
  }),
};

const NewLayers = Type.Enum(['stack', 'last', 'fresh'], {
  default: 'stack',
  description:
    'What a new layer starts as: the trained layers again from the first on (`stack`, Gong et al. 2019), the last trained layer (`last`), or what the student would have started as (`fresh`).',
});

const stagesOf = <Stage extends TSchema>(stage: Stage) =>
  Type.Array(stage, {
    minItems: 2,
    maxItems: MOST_GROWTH_STAGES,
    description: 'In order: more layers each time, in the last as many as the student has.',
  });

const growth = Type.Object(
  { stages: stagesOf(Type.Object(GrowthStage, { additionalProperties: false })), newLayers: NewLayers },
  { additionalProperties: false },
);

const growthInput = Type.Object(
  {
    stages: stagesOf(
      Type.Object({ ...GrowthStage, share: Type.Optional(GrowthStage.share) }, { additionalProperties: false }),
    ),
    newLayers: Type.Optional(NewLayers),
  },
  { additionalProperties: false },
);

const assistantsOf = <Assistant extends TSchema>(assistant: Assistant) =>
  Type.Array(assistant, {
    maxItems: MOST_ASSISTANTS,
    description:
      'Teacher assistants (Mirzadeh et al. 2020), the largest first: each learns from the one before it, the first from the teacher, the student from the last.',
  });

/** Training in stages. The sections of the whole spec come as arguments, since they are defined beside it. */
export const progressiveSpec = <Loss extends TSchema, Training extends TSchema>(loss: Loss, training: Training) =>
  Type.Object(
    {
      assistants: Type.Optional(
        assistantsOf(Type.Object({ student: StudentSpec, loss, training, mix: Mix }, { additionalProperties: false })),
      ),
      growth: Type.Optional(growth),
    },
    { additionalProperties: false },
  );

/** What a user writes of it: what an assistant leaves out of loss and training is as in the whole spec. */
export const progressiveSpecInput = <Loss extends TSchema, Training extends TSchema>(loss: Loss, training: Training) =>
  Type.Object(
    {
      assistants: Type.Optional(
        assistantsOf(
          Type.Object(
            {
              student: Type.Optional(StudentSpecInput),
              loss: Type.Optional(loss),
              training: Type.Optional(training),
              mix: Type.Optional(Mix),
            },
            { additionalProperties: false },
          ),
        ),
      ),
      growth: Type.Optional(growthInput),
    },
    { additionalProperties: false },
  );

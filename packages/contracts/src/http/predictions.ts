import { type Static, Type } from 'typebox';
import { MAX_TEXT_CHARACTERS } from '../rows.js';
import { TaskName } from '../task-name.js';
import { ModelId, Nullable } from './common.js';

/** Bounds on texts are configuration (`MAX_TEXT_CHARACTERS`, `MAX_BATCH_SIZE`), so they are checked at run time. */
const Input = Type.String({
  minLength: 1,
  description: `One text. Not empty, at most MAX_TEXT_CHARACTERS (${MAX_TEXT_CHARACTERS.toLocaleString('en')} by default).`,
  examples: ['wake me up at seven'],
});
const questions = {
  input: Type.Optional(Input),
  inputs: Type.Optional(
    Type.Array(Input, { minItems: 1, description: 'Several texts, at most MAX_BATCH_SIZE (256 by default).' }),
  ),
  topK: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: 'How many scores to answer for each text. Default 1.' }),
  ),
};

export const LabelScore = Type.Object(
  { label: Type.String({ examples: ['set_alarm'] }), score: Type.Number({ description: 'Probability, 0..1.' }) },
  { title: 'LabelScore' },
);

const answer = {
  label: Type.String({ description: 'The likeliest label.', examples: ['set_alarm'] }),
  confidence: Type.Number({ description: 'Its probability, 0..1.', examples: [0.98] }),
  scores: Type.Array(LabelScore, { description: 'The topK likeliest labels, likeliest first.' }),
};

export const Prediction = Type.Object(answer, { title: 'Prediction' });
export type Prediction = Static<typeof Prediction>;

const latencyMs = Type.Number({ description: 'Milliseconds that the server took.' });

export const InferRequest = Type.Object(
  {
    task: TaskName,
    ...questions,
    model: Type.Optional(ModelId),
    alias: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
        description: 'Which deployed version answers. Default `champion`. Not together with `model`.',
      }),
    ),
  },
  {
    title: 'InferRequest',
    additionalProperties: false,
    description: 'Either `input` or `inputs`.',
    examples: [{ task: 'assistant', input: 'wake me up at seven', topK: 3 }],
  },
);
export type InferRequest = Static<typeof InferRequest>;

export const ServedBy = Type.Object(
  {
    id: ModelId,
    version: Type.Integer({ minimum: 1 }),
    alias: Nullable(Type.String({ description: 'The alias that was followed; null when `model` was asked for.' })),
  },
  { title: 'ServedBy', description: 'The model version that answered.' },
);

export const InferAnswer = Type.Object(
  { ...answer, model: ServedBy, latencyMs },
  { title: 'InferAnswer', description: 'Answer to `input`.' },
);
export const InferBatchAnswer = Type.Object(
  { outputs: Type.Array(Prediction, { description: 'In the order of `inputs`.' }), model: ServedBy, latencyMs },
  { title: 'InferBatchAnswer', description: 'Answer to `inputs`.' },
);

export const PredictRequest = Type.Object(questions, {
  title: 'PredictRequest',
  additionalProperties: false,
  description: 'Either `input` or `inputs`.',
  examples: [{ input: 'wake me up at seven' }],
});
export type PredictRequest = Static<typeof PredictRequest>;

export const TeacherAnswer = Type.Object(
  { ...answer, latencyMs },
  { title: 'TeacherAnswer', description: 'Answer to `input`.' },
);
export const TeacherBatchAnswer = Type.Object(
  { outputs: Type.Array(Prediction, { description: 'In the order of `inputs`.' }), latencyMs },
  { title: 'TeacherBatchAnswer', description: 'Answer to `inputs`.' },
);

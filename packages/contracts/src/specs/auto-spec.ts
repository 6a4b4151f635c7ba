import { type Static, type TSchema, Type } from 'typebox';
import { StudentSpec, StudentSpecInput } from './student-spec.js';
import { SEARCH_EFFORT } from './sweep-spec.js';

const MOST_CANDIDATES = 32;

/** What the student may cost where it is used. */
export const StudentBudget = Type.Object(
  {
    latencyMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e6,
        description:
          'Most milliseconds for one text, median, one thread, tokenizer included, on the machine that trains.',
      }),
    ),
    bytes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1e12, description: 'Most bytes of the files needed to answer.' }),
    ),
  },
  { title: 'StudentBudget', additionalProperties: false },
);

const Tokens = Type.Enum(['characters', 'teacher'], {
  default: 'characters',
  description:
    'What the static students among the default candidates read: n-grams of characters, or the tokens of the teacher, which must be WordPiece or Unigram. Of no effect on candidates that are listed.',
});

const candidatesOf = <Candidate extends TSchema>(candidate: Candidate) =>
  Type.Array(candidate, {
    minItems: 1,
    maxItems: MOST_CANDIDATES,
    description: 'Students to choose from. Default: four static ones and four encoders of several sizes.',
  });

/**
 * How the student is chosen among candidates of every family; what `student: "auto"` stands for. The training of the whole spec comes
 * as an argument, since it is defined beside it.
 */
export const autoSpec = <Training extends TSchema>(training: Training) =>
  Type.Object(
    {
      budget: Type.Optional(StudentBudget),
      tokens: Tokens,
      candidates: candidatesOf(Type.Object({ student: StudentSpec, training }, { additionalProperties: false })),
      ...SEARCH_EFFORT,
    },
    {
      title: 'AutoSpec',
      description: 'Chooses the student: `spec.student` stands in for it until the search has ended.',
      additionalProperties: false,
    },
  );

/** What a user writes of it: what a candidate leaves out of its training is as in the whole spec. */
export const autoSpecInput = <Training extends TSchema>(training: Training) =>
  Type.Object(
    {
      ...Type.Partial(Type.Object({ budget: StudentBudget, tokens: Tokens, ...SEARCH_EFFORT })).properties,
      candidates: Type.Optional(
        candidatesOf(
          Type.Object(
            { student: StudentSpecInput, training: Type.Optional(training) },
            { additionalProperties: false },
          ),
        ),
      ),
    },
    { title: 'AutoSpecInput', additionalProperties: false },
  );

/** What a user may write instead of a student. */
export const AutoStudentInput = Type.Union([
  Type.Literal('auto'),
  Type.Object(
    {
      family: Type.Literal('auto'),
      budget: Type.Optional(StudentBudget),
      tokens: Type.Optional(Tokens),
    },
    {
      title: 'AutoStudentInput',
      description:
        'The fastest student within the budget that is as accurate as the best there, but for a standard error: out of candidates of every family and several sizes.',
      additionalProperties: false,
    },
  ),
]);

export type StudentBudget = Static<typeof StudentBudget>;

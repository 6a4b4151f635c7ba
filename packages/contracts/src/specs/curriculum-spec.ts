import { type Static, Type } from 'typebox';

/** Easy rows first (Bengio et al. 2009), by how sure the teacher was of them. Absent: all rows take part from the start. */
export const CurriculumSpec = Type.Object(
  {
    by: Type.Enum(['margin', 'entropy'], {
      default: 'margin',
      description:
        'What makes a row easy: a wide margin between the teacher’s two highest probabilities, or a low entropy.',
    }),
    start: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.3,
      description: 'Share of the rows, the easiest, in the first epoch.',
    }),
    until: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Share of the epochs after which all rows take part.',
    }),
    pacing: Type.Enum(['linear', 'root'], {
      default: 'root',
      description:
        'How the share of rows grows: in a straight line, or fast at first, so that new rows come in proportion to how few of them there are (Platanios et al. 2019).',
    }),
  },
  { additionalProperties: false },
);
export type CurriculumSpec = Static<typeof CurriculumSpec>;

/** What a user writes: any part may be left out. */
export const CurriculumSpecInput = Type.Partial(CurriculumSpec, { additionalProperties: false });

import { type Static, Type } from 'typebox';

const share = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 1000, description }));

/** How new texts are made of those of the training split: each strategy with its share of the texts, relative to the others. */
export const Augmentations = Type.Object(
  {
    'token-dropout': share('Leaves words out.'),
    swap: share('Exchanges neighbouring words, or two that stand apart.'),
    'masked-replacement': share(
      'Replaces words by others that the training split has between the same two, by its counts of words and pairs of words.',
    ),
    'neighbour-replacement': share(
      'Replaces words by words near them in the embedding table of the teacher; that needs a WordPiece or Unigram teacher with a float32 table.',
    ),
    'back-off': share(
      'Replaces rare words by more frequent ones near them in the embedding table of the teacher, which it needs too.',
    ),
    'span-mixing': share(
      'Joins spans of two texts of the same class: of one label, else of one answer of the teacher.',
    ),
    typo: share('Mistypes letters: a neighbour on the keyboard, one left out, doubled or exchanged with the next.'),
  },
  { additionalProperties: false },
);
export type Augmentations = Static<typeof Augmentations>;
export type AugmentationName = keyof Augmentations;

export const AUGMENTATION_NAMES = Object.keys(Augmentations.properties) as AugmentationName[];

/** Strategies that look words up in the teacher's embedding table. */
export const EMBEDDING_AUGMENTATIONS: readonly AugmentationName[] = ['neighbour-replacement', 'back-off'];

/** Most texts that can be generated for one distillation. */
export const MAX_TRANSFER_TEXTS = 1_000_000;

/**
 * Texts made from the training split for the teacher to label, besides those of the data set. Rows of the split `train` without a
 * label are part of every transfer set and need no section.
 */
export const TransferSetSpec = Type.Object(
  {
    multiply: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 10,
      description: 'New texts for each training text; 0 for none.',
    }),
    strategies: Type.Object(Augmentations.properties, {
      additionalProperties: false,
      default: { 'token-dropout': 1, swap: 1, 'masked-replacement': 1, 'span-mixing': 1, typo: 1 },
      description: 'Strategies with their shares.',
    }),
    strength: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.15,
      description: 'Share of the words of a text that is changed, at least one word. Span mixing has its own.',
    }),
    minConfidence: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.3,
      description: "Generated texts to whose likeliest label the teacher's softmax gives less are left out.",
    }),
    maxTexts: Type.Integer({
      minimum: 1,
      maximum: MAX_TRANSFER_TEXTS,
      default: 200_000,
      description: 'Most texts that are generated, whatever multiply says.',
    }),
    includeUnlabelled: Type.Boolean({
      default: true,
      description: 'Whether training texts without a label are varied too. (They train in any case.)',
    }),
    keepLabels: Type.Boolean({
      default: false,
      description: 'Whether a generated text keeps the label of its source where the teacher answers the same.',
    }),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 4_294_967_295, description: 'Of the generation. Default: training.seed.' }),
    ),
  },
  { title: 'TransferSet', additionalProperties: false },
);
export type TransferSetSpec = Static<typeof TransferSetSpec>;

/** What a user writes: any part may be left out, and strategies of equal shares may be a list. */
export const TransferSetSpecInput = Type.Object(
  {
    ...Type.Partial(TransferSetSpec).properties,
    strategies: Type.Optional(
      Type.Union([Augmentations, Type.Array(Type.Enum(AUGMENTATION_NAMES), { minItems: 1, uniqueItems: true })]),
    ),
  },
  { title: 'TransferSetInput', additionalProperties: false },
);

/** What became of a transfer set. */
export const TransferSetCounts = Type.Object(
  {
    unlabelled: Type.Integer({ description: 'Training texts that came without a label.' }),
    repeated: Type.Optional(
      Type.Integer({
        description: 'Of these, left out as equal to a text of another split, to a labelled one or to one before.',
      }),
    ),
    sources: Type.Integer({ description: 'Training texts that new ones were made of.' }),
    generated: Type.Integer({ description: 'Texts that the strategies made.' }),
    duplicates: Type.Integer({
      description: 'Of these, removed as equal to another one or to a text of the data set, of any split.',
    }),
    filtered: Type.Optional(Type.Integer({ description: 'Of the rest, left out since the teacher was not sure.' })),
    kept: Type.Optional(Type.Integer({ description: 'Generated texts that the student is trained on.' })),
  },
  { title: 'TransferSetCounts' },
);
export type TransferSetCounts = Static<typeof TransferSetCounts>;

/** How often the teacher is asked: known roughly before, exactly after. */
export const TeacherQueries = Type.Object(
  {
    upperBound: Type.Integer({ description: 'Most questions, as known at submission.' }),
    estimated: Type.Integer({ description: 'Questions expected at submission, with nothing in the cache.' }),
    made: Type.Optional(Type.Integer({ description: 'Questions that were asked.' })),
    cached: Type.Optional(Type.Integer({ description: 'Texts that were answered without one.' })),
  },
  { title: 'TeacherQueries' },
);
export type TeacherQueries = Static<typeof TeacherQueries>;

/** What the labelling of a student's texts came to. */
export interface Labelling {
  teacherQueries?: TeacherQueries;
  /** Where the spec asks for one. */
  transferSet?: TransferSetCounts;
}
